/* Contents of files: blocks of memory, holes where nothing was written.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ram.h"

enum { MARGIN = 4 << 20 };

size_t ram_read(struct ram_node *n, void *to, size_t size, uint64_t offset)
{
    if (offset >= n->size)
        return 0;
    if (size > n->size - offset)
        size = n->size - offset;
    for (size_t done = 0; done < size;) {
        size_t at = (offset + done) % RAM_BLOCK, index = (offset + done) / RAM_BLOCK;
        size_t part = RAM_BLOCK - at < size - done ? RAM_BLOCK - at : size - done;
        const char *block = index < n->n_blocks ? n->blocks[index] : NULL;
        if (block)
            memcpy((char *)to + done, block + at, part);
        else
            memset((char *)to + done, 0, part);
        done += part;
    }
    return size;
}

static uint64_t blocks_in_use; /* of all files */

bool ram_has_room(void)
{
    uint64_t half = vfs_memory() / 2;
    return blocks_in_use * RAM_BLOCK + MARGIN < half;
}

static bool reserve_blocks(struct ram_node *n, size_t blocks)
{
    if (blocks <= n->n_blocks)
        return true;
    size_t room = blocks < 4 ? 4 : blocks + blocks / 2;
    char **grown = realloc(n->blocks, room * sizeof(*grown));
    if (!grown)
        return false;
    memset(grown + n->n_blocks, 0, (room - n->n_blocks) * sizeof(*grown));
    n->blocks = grown;
    n->n_blocks = room;
    return true;
}

/* Fills one block after the other. Returns how many bytes were stored before memory ran out. */
static size_t store_bytes(struct ram_node *n, const char *from, size_t size, uint64_t offset)
{
    size_t done = 0;
    if (size && !reserve_blocks(n, (size_t)((offset + size - 1) / RAM_BLOCK + 1)))
        return 0;
    while (done < size) {
        size_t at = (offset + done) % RAM_BLOCK, index = (offset + done) / RAM_BLOCK;
        size_t part = RAM_BLOCK - at < size - done ? RAM_BLOCK - at : size - done;
        if (!n->blocks[index]) {
            n->blocks[index] = part == RAM_BLOCK ? malloc(RAM_BLOCK) : calloc(1, RAM_BLOCK);
            if (!n->blocks[index])
                break;
            n->in_use++;
            blocks_in_use++;
        }
        memcpy(n->blocks[index] + at, from + done, part);
        done += part;
    }
    return done;
}

ssize_t ram_write(struct ram_node *n, const void *from, size_t size, uint64_t offset)
{
    if (offset > VFS_SIZE_MAX || size > VFS_SIZE_MAX - offset)
        return -EFBIG;
    if (!size)
        return 0;
    size_t done = store_bytes(n, from, size, offset);
    if (!done)
        return -ENOSPC;
    if (offset + done > n->size)
        n->size = offset + done;
    ram_touch(n, true);
    return (ssize_t)done;
}

int ram_truncate(struct ram_node *n, uint64_t size)
{
    if (size > VFS_SIZE_MAX)
        return -EFBIG;
    size_t keep = (size_t)((size + RAM_BLOCK - 1) / RAM_BLOCK);
    for (size_t i = keep; i < n->n_blocks; i++) {
        n->in_use -= n->blocks[i] != NULL;
        blocks_in_use -= n->blocks[i] != NULL;
        free(n->blocks[i]);
        n->blocks[i] = NULL;
    }
    if (!keep) {
        free(n->blocks);
        n->blocks = NULL;
        n->n_blocks = 0;
    } else if (size % RAM_BLOCK && keep <= n->n_blocks && n->blocks[keep - 1]) {
        memset(n->blocks[keep - 1] + size % RAM_BLOCK, 0, RAM_BLOCK - size % RAM_BLOCK);
    }
    n->size = size;
    ram_touch(n, true);
    return 0;
}
