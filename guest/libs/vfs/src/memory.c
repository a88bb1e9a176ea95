/* What clients have in common: memory of the tree, nodes of the host's directories, open files, locks; counted for the
 * client whose call takes it.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <bh/callers.h>

#include "node.h"

/* In front of each block of memory. */
struct block {
    _Alignas(16) uint32_t client;
    size_t size; /* bytes counted */
};

enum { HOST_NODES = 16384 /* of 65,536 that a server has */, FILES = 8192 /* as a server has */, LOCKS = 4096 };

static struct bh_quota quotas[VFS_RESOURCES];

/* The heap without what calls need for a while (their copies of paths, tables of handles), and the allocator. */
static uint64_t memory_of_trees(void)
{
    uint64_t heap = vfs_memory();
    return heap - heap / 8 - (heap / 4 < (256 << 10) ? heap / 4 : 256 << 10);
}

static void set_up_quotas(void)
{
    const uint64_t totals[VFS_RESOURCES] = {
        [VFS_MEMORY] = memory_of_trees(), [VFS_HOST_NODES] = HOST_NODES, [VFS_FILES] = FILES, [VFS_LOCKS] = LOCKS};
    bool inside;
    uint32_t n = vfs_clients(&inside);
    for (int i = 0; i < VFS_RESOURCES; i++)
        bh_quota_init(&quotas[i], totals[i], n, inside);
}

bool vfs_take(uint32_t client, enum vfs_resource what, uint64_t amount)
{
    if (!quotas[what].total)
        set_up_quotas();
    return bh_quota_take(&quotas[what], client, amount);
}

void vfs_give(uint32_t client, enum vfs_resource what, uint64_t amount)
{
    bh_quota_give(&quotas[what], client, amount);
}

/* What the allocator takes for a block: it has four sizes for each doubling. */
static size_t real_size(size_t size)
{
    size_t step = 16;
    while (step * 8 < size)
        step *= 2;
    return (size + step - 1) / step * step;
}

static struct block *block_of(void *data)
{
    return (struct block *)data - 1;
}

/* `data` may be NULL. It counts for the client that makes it grow. */
void *vfs_resize(void *data, size_t size)
{
    uint32_t client = bh_caller();
    struct block *old = data ? block_of(data) : NULL;
    uint32_t owner = old ? old->client : 0;
    if (size > SIZE_MAX / 4)
        return NULL;
    size_t counted = real_size(size + sizeof(*old)), before = old ? old->size : 0;
    if (!vfs_take(client, VFS_MEMORY, counted))
        return NULL;
    struct block *b = realloc(old, counted);
    if (!b && vfs_shrink())
        b = realloc(old, counted);
    if (!b) {
        vfs_give(client, VFS_MEMORY, counted);
        return NULL;
    }
    vfs_give(owner, VFS_MEMORY, before);
    b->client = client;
    b->size = counted;
    return b + 1;
}

void *vfs_zeros(size_t size)
{
    void *data = vfs_resize(NULL, size);
    return data ? memset(data, 0, size) : NULL;
}

char *vfs_copy(const char *text)
{
    char *copy = vfs_resize(NULL, strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

void vfs_free(void *data)
{
    if (!data)
        return;
    struct block *b = block_of(data);
    vfs_give(b->client, VFS_MEMORY, b->size);
    free(b);
}
