/* Contents of files: blocks of memory, holes where nothing was written.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bh/callers.h>

#include "ram.h"

enum { MARGIN = 4 << 20 };

/* NULL: zeros. */
static char *find_block(const struct ram_node *n, size_t index)
{
    size_t group = index / RAM_GROUP;
    return group < n->n_groups && n->groups[group] ? n->groups[group]->blocks[index % RAM_GROUP] : NULL;
}

size_t ram_read(struct ram_node *n, void *to, size_t size, uint64_t offset)
{
    if (offset >= n->size)
        return 0;
    if (size > n->size - offset)
        size = n->size - offset;
    for (size_t done = 0; done < size;) {
        size_t at = (offset + done) % RAM_BLOCK, index = (offset + done) / RAM_BLOCK;
        size_t part = RAM_BLOCK - at < size - done ? RAM_BLOCK - at : size - done;
        const char *block = find_block(n, index);
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

/* The group of a block; NULL: no memory. */
static struct ram_group *reserve_group(struct ram_node *n, size_t group)
{
    if (group >= n->n_groups) {
        size_t room = group + 1 + group / 2;
        struct ram_group **grown = vfs_resize(n->groups, room * sizeof(struct ram_group *));
        if (!grown)
            return NULL;
        memset(grown + n->n_groups, 0, (room - n->n_groups) * sizeof(struct ram_group *));
        n->groups = grown;
        n->n_groups = room;
    }
    if (!n->groups[group])
        n->groups[group] = vfs_zeros(sizeof(struct ram_group));
    return n->groups[group];
}

/* The block, for the client that writes if it is new; NULL: no memory. */
static char *reserve_block(struct ram_node *n, size_t index, bool whole)
{
    struct ram_group *group = reserve_group(n, index / RAM_GROUP);
    size_t at = index % RAM_GROUP;
    uint32_t client = bh_caller();
    if (!group || group->blocks[at])
        return group ? group->blocks[at] : NULL;
    if (!vfs_take(client, VFS_MEMORY, RAM_BLOCK))
        return NULL;
    group->blocks[at] = whole ? malloc(RAM_BLOCK) : calloc(1, RAM_BLOCK);
    if (!group->blocks[at]) {
        vfs_give(client, VFS_MEMORY, RAM_BLOCK);
        return NULL;
    }
    group->clients[at] = (uint16_t)client;
    n->in_use++;
    blocks_in_use++;
    return group->blocks[at];
}

/* Fills one block after the other. Returns how many bytes were stored before memory ran out. */
static size_t store_bytes(struct ram_node *n, const char *from, size_t size, uint64_t offset)
{
    size_t done = 0;
    while (done < size) {
        size_t at = (offset + done) % RAM_BLOCK, index = (offset + done) / RAM_BLOCK;
        size_t part = RAM_BLOCK - at < size - done ? RAM_BLOCK - at : size - done;
        char *block = reserve_block(n, index, part == RAM_BLOCK);
        if (!block)
            break;
        memcpy(block + at, from + done, part);
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

/* Frees the blocks of a group from index `first` on, and the group itself if that is all of them. */
static void free_blocks(struct ram_node *n, size_t group, size_t first)
{
    struct ram_group *g = n->groups[group];
    for (size_t i = first; g && i < RAM_GROUP; i++) {
        if (!g->blocks[i])
            continue;
        n->in_use--;
        blocks_in_use--;
        vfs_give(g->clients[i], VFS_MEMORY, RAM_BLOCK);
        free(g->blocks[i]);
        g->blocks[i] = NULL;
    }
    if (first == 0) {
        vfs_free(g);
        n->groups[group] = NULL;
    }
}

int ram_truncate(struct ram_node *n, uint64_t size)
{
    if (size > VFS_SIZE_MAX)
        return -EFBIG;
    size_t keep = (size_t)((size + RAM_BLOCK - 1) / RAM_BLOCK);
    for (size_t group = keep / RAM_GROUP; group < n->n_groups; group++)
        free_blocks(n, group, group == keep / RAM_GROUP ? keep % RAM_GROUP : 0);
    char *last = size % RAM_BLOCK ? find_block(n, keep - 1) : NULL;
    if (last)
        memset(last + size % RAM_BLOCK, 0, RAM_BLOCK - size % RAM_BLOCK);
    if (!keep) {
        vfs_free(n->groups);
        n->groups = NULL;
        n->n_groups = 0;
    }
    n->size = size;
    ram_touch(n, true);
    return 0;
}
