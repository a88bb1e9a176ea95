/* Contents of files: blocks of memory, holes where nothing was written.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ramfs.h"

size_t rf_read(struct rf_node *n, void *to, size_t size, uint64_t offset)
{
    if (offset >= n->size)
        return 0;
    if (size > n->size - offset)
        size = n->size - offset;
    if (n->seed) {
        memcpy(to, n->seed + offset, size);
        return size;
    }
    for (size_t done = 0; done < size;) {
        size_t at = (offset + done) % RF_BLOCK, index = (offset + done) / RF_BLOCK;
        size_t part = RF_BLOCK - at < size - done ? RF_BLOCK - at : size - done;
        const char *block = index < n->n_blocks ? n->blocks[index] : NULL;
        if (block)
            memcpy((char *)to + done, block + at, part);
        else
            memset((char *)to + done, 0, part);
        done += part;
    }
    return size;
}

static bool reserve(struct rf_node *n, size_t blocks)
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

/* Takes what fits into one block after the other; the number of bytes before memory ran out. */
static size_t store(struct rf_node *n, const char *from, size_t size, uint64_t offset)
{
    size_t done = 0;
    if (size && !reserve(n, (size_t)((offset + size - 1) / RF_BLOCK + 1)))
        return 0;
    while (done < size) {
        size_t at = (offset + done) % RF_BLOCK, index = (offset + done) / RF_BLOCK;
        size_t part = RF_BLOCK - at < size - done ? RF_BLOCK - at : size - done;
        if (!n->blocks[index]) {
            n->blocks[index] = part == RF_BLOCK ? malloc(RF_BLOCK) : calloc(1, RF_BLOCK);
            if (!n->blocks[index])
                break;
        }
        memcpy(n->blocks[index] + at, from + done, part);
        done += part;
    }
    return done;
}

/* Copies the seed, so that it can be written to. */
static bool own(struct rf_node *n)
{
    const char *seed = n->seed;
    if (!seed)
        return true;
    n->seed = NULL;
    if (store(n, seed, n->size, 0) == n->size)
        return true;
    uint64_t size = n->size;
    rf_truncate(n, 0);
    n->size = size;
    n->seed = seed;
    return false;
}

ssize_t rf_write(struct rf_node *n, const void *from, size_t size, uint64_t offset)
{
    if (offset > RF_SIZE_MAX || size > RF_SIZE_MAX - offset)
        return -EFBIG;
    if (!size)
        return 0;
    size_t done = own(n) ? store(n, from, size, offset) : 0;
    if (!done)
        return -ENOSPC;
    if (offset + done > n->size)
        n->size = offset + done;
    rf_touch(n, true);
    return (ssize_t)done;
}

int rf_truncate(struct rf_node *n, uint64_t size)
{
    if (size > RF_SIZE_MAX)
        return -EFBIG;
    if (size < n->size && n->seed && size == 0)
        n->seed = NULL;
    if (!own(n))
        return -ENOSPC;
    size_t keep = (size_t)((size + RF_BLOCK - 1) / RF_BLOCK);
    for (size_t i = keep; i < n->n_blocks; i++) {
        free(n->blocks[i]);
        n->blocks[i] = NULL;
    }
    if (!keep) {
        free(n->blocks);
        n->blocks = NULL;
        n->n_blocks = 0;
    } else if (size % RF_BLOCK && keep <= n->n_blocks && n->blocks[keep - 1]) {
        memset(n->blocks[keep - 1] + size % RF_BLOCK, 0, RF_BLOCK - size % RF_BLOCK);
    }
    n->size = size;
    rf_touch(n, true);
    return 0;
}
