/* Contents of files that others can change, as far as they were read: a call of the file system for each 64 KiB, and
 * not for each page of a database.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The promise is that of the file system for directories of the host (docs/vfs.md). What was read is valid as long as
 * this application changes and locks nothing (px_generation()); after PX_HOLD the attributes are asked again, and what
 * was read is forgotten if they differ. */
#include "read_cache.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bh/bulkhead.h>
#include <bh/core.h>

#include "file.h"

enum {
    BLOCK = 16384,
    AHEAD = PX_FILE_PART,
    PX_HOLD = 50000000,       /* ns; the file system's own cache is as old at most */
    TICK = 150000000,         /* ns: how coarse times are, and how old the file system's attributes may be */
    COARSE_TICK = 2200000000, /* the same of file systems that keep whole seconds */
    BLOCKS_MAX = 65536,       /* of one file */
    BUDGET_MAX = 32 << 20,
};

struct px_block {
    size_t size; /* bytes; less than BLOCK: the file ended there */
    char bytes[];
};

static size_t used; /* bytes of all blocks */

/* An eighth of the heap at most. */
static size_t budget(void)
{
    static size_t bytes;
    if (!bytes) {
        bytes = (size_t)sysconf(_SC_PHYS_PAGES) * BH_PAGE_SIZE / 8;
        bytes = bytes < BUDGET_MAX ? bytes : BUDGET_MAX;
    }
    return bytes;
}

static int64_t clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void free_block(struct px_read_cache *c, size_t i)
{
    if (c->blocks[i])
        used -= sizeof(struct px_block) + c->blocks[i]->size;
    free(c->blocks[i]);
    c->blocks[i] = NULL;
}

void px_read_cache_forget(struct px_read_cache *c)
{
    for (size_t i = 0; i < c->n_blocks; i++)
        free_block(c, i);
    free(c->blocks);
    c->blocks = NULL;
    c->n_blocks = 0;
}

static bool same_contents(const struct vfs_stat *a, const struct vfs_stat *b)
{
    return a->size == b->size && a->modified == b->modified && a->changed == b->changed;
}

/* Asks for the attributes if what is known is too old. False: nothing can be cached. */
static bool check_attributes(struct px_vfs_file *file)
{
    struct px_read_cache *c = &file->cache;
    struct vfs_stat st;
    int64_t now = clock_now();
    uint64_t generation = px_generation();
    if (c->refused || (c->asked && c->generation == generation && now >= c->asked && now - c->asked < PX_HOLD))
        return !c->refused;
    if (vfs_stat(file->handle, &st) || px_generation() != generation)
        return false;
    c->refused = st.is & VFS_IN_MEMORY || !S_ISREG(st.mode);
    if (!c->asked || c->young || c->generation != generation || !same_contents(&c->st, &st))
        px_read_cache_forget(c);
    c->st = st;
    c->asked = now;
    c->generation = generation;
    c->young = now - st.changed < (st.changed % 1000000000 ? TICK : COARSE_TICK);
    return !c->refused;
}

/* Makes room by freeing other blocks of the file. */
static void keep_block(struct px_read_cache *c, size_t i, const char *bytes, size_t size)
{
    if (i >= c->n_blocks)
        return;
    free_block(c, i);
    for (size_t looked = 0; looked < c->n_blocks && used + size > budget(); looked++)
        free_block(c, c->hand++ % c->n_blocks);
    struct px_block *b = used + size > budget() ? NULL : malloc(sizeof(*b) + size);
    if (!b)
        return;
    b->size = size;
    memcpy(b->bytes, bytes, size);
    c->blocks[i] = b;
    used += sizeof(*b) + size;
}

static bool make_table(struct px_read_cache *c)
{
    size_t n = c->st.size / BLOCK + 1;
    if (c->blocks)
        return true;
    c->blocks = n <= BLOCKS_MAX ? calloc(n, sizeof(struct px_block *)) : NULL;
    c->n_blocks = c->blocks ? n : 0;
    return c->blocks;
}

/* Reads the block and others around it or behind it. False: it is not there afterwards. */
static bool fetch_blocks(struct px_vfs_file *file, size_t i)
{
    struct px_read_cache *c = &file->cache;
    bool fits = c->st.size <= budget();
    if ((!fits && i != c->next) || !make_table(c))
        return false;
    char *bytes = malloc(AHEAD);
    if (!bytes)
        return false;
    size_t first = fits ? i - i % (AHEAD / BLOCK) : i;
    int64_t asked = c->asked;
    ssize_t got = vfs_read(file->handle, bytes, AHEAD, (uint64_t)first * BLOCK);
    bool same = c->blocks && asked == c->asked && c->generation == px_generation();
    for (size_t at = 0; same && got > 0 && at < (size_t)got; at += BLOCK)
        keep_block(c, first + at / BLOCK, bytes + at, (size_t)got - at < BLOCK ? (size_t)got - at : BLOCK);
    free(bytes);
    return same && i < c->n_blocks && c->blocks[i];
}

ssize_t px_read_cached(struct px_vfs_file *file, char *to, size_t size, uint64_t offset)
{
    struct px_read_cache *c = &file->cache;
    if (size > BLOCK || file->st.is & VFS_IN_MEMORY || !check_attributes(file) || offset >= c->st.size)
        return vfs_read(file->handle, to, size, offset);
    size_t wanted = size < c->st.size - offset ? size : (size_t)(c->st.size - offset), done = 0;
    while (done < wanted) {
        size_t i = (size_t)((offset + done) / BLOCK), at = (size_t)((offset + done) % BLOCK);
        bool there = (i < c->n_blocks && c->blocks[i]) || fetch_blocks(file, i);
        if (!there || at >= c->blocks[i]->size)
            break;
        size_t part = c->blocks[i]->size - at < wanted - done ? c->blocks[i]->size - at : wanted - done;
        memcpy(to + done, c->blocks[i]->bytes + at, part);
        done += part;
        c->next = (offset + done) / BLOCK;
    }
    if (done == wanted)
        return (ssize_t)done;
    c->next = (offset + wanted) / BLOCK;
    ssize_t r = vfs_read(file->handle, to, size, offset);
    return r;
}
