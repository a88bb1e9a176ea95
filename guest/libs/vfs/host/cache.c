/* Keeps blocks of files, the least recently used of which make room for others.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "cache.h"

#include <stdlib.h>
#include <string.h>

#include "host.h"

enum {
    BLOCK = 16384,
    AHEAD = HOST_DATA, /* bytes of one message, if a file is read sequentially, or the cache has room for it */
    LARGE = 2 * BLOCK, /* a read of this size has no use for the cache */
    BUCKETS = 1024,
    TICK = 50000000,          /* ns: how coarse the times of files may be */
    COARSE_TICK = 2100000000, /* of file systems that keep whole seconds */
    BUDGET_MAX = 64 << 20,
};

struct host_block {
    struct host_node *node;
    struct host_block *next_of_node, *next; /* next: in the bucket */
    struct host_block *newer, *older;       /* by use */
    uint64_t index;
    size_t size; /* bytes; less than BLOCK: the file ended there */
    char bytes[];
};

static struct host_block *buckets[BUCKETS];
static struct host_block *newest, *oldest;
static size_t used; /* bytes */

static size_t budget(void)
{
    static size_t bytes;
    if (!bytes) {
        uint64_t part = vfs_memory() / (vfs_shares_heap() ? 16 : 4);
        bytes = part < BUDGET_MAX ? part : BUDGET_MAX;
    }
    return bytes;
}

/* ---- Blocks ---- */

static struct host_block **bucket_of(const struct host_node *n, uint64_t index)
{
    return &buckets[((uintptr_t)n / sizeof(*n) * 31 + index) % BUCKETS];
}

static void unlink_use(struct host_block *b)
{
    *(b->newer ? &b->newer->older : &newest) = b->older;
    *(b->older ? &b->older->newer : &oldest) = b->newer;
}

static void link_newest(struct host_block *b)
{
    b->newer = NULL;
    b->older = newest;
    *(newest ? &newest->newer : &oldest) = b;
    newest = b;
}

static void free_block(struct host_block *b)
{
    struct host_block **link = bucket_of(b->node, b->index);
    while (*link != b)
        link = &(*link)->next;
    *link = b->next;
    for (link = &b->node->cache.blocks; *link != b;)
        link = &(*link)->next_of_node;
    *link = b->next_of_node;
    unlink_use(b);
    used -= sizeof(*b) + b->size;
    free(b);
}

static struct host_block *find_block(const struct host_node *n, uint64_t index)
{
    struct host_block *b = *bucket_of(n, index);
    while (b && (b->node != n || b->index != index))
        b = b->next;
    return b;
}

/* Without memory the block is not kept. */
static void keep_block(struct host_node *n, uint64_t index, const char *bytes, size_t size)
{
    struct host_block *b = find_block(n, index);
    if (b)
        free_block(b);
    while (oldest && used + sizeof(*b) + size > budget())
        free_block(oldest); /* NOLINT(clang-analyzer-unix.Malloc): it is no longer the oldest afterwards */
    b = malloc(sizeof(*b) + size);
    if (!b)
        return;
    struct host_block **head = bucket_of(n, index);
    *b = (struct host_block){.node = n, .next_of_node = n->cache.blocks, .next = *head, .index = index, .size = size};
    memcpy(b->bytes, bytes, size);
    *head = n->cache.blocks = b;
    link_newest(b);
    used += sizeof(*b) + size;
}

void host_cache_forget(struct host_node *n)
{
    while (n->cache.blocks)
        free_block(n->cache.blocks);
}

bool vfs_shrink(void)
{
    bool some = oldest;
    while (oldest)
        free_block(oldest);
    return some;
}

/* ---- Attributes ---- */

static bool same_contents(const struct fuse_attr *a, const struct fuse_attr *b)
{
    return a->size == b->size && a->mtime == b->mtime && a->mtimensec == b->mtimensec && a->ctime == b->ctime &&
           a->ctimensec == b->ctimensec;
}

/* Could the file change once more without another time of change? Then equal times prove nothing later. */
static bool just_changed(const struct fuse_attr *a, int64_t asked)
{
    int64_t tick = a->ctimensec ? TICK : COARSE_TICK;
    int64_t second = asked / 1000000000, at = (int64_t)a->ctime;
    return at > second || second - at < 4 ? asked - (at * 1000000000 + (int64_t)a->ctimensec) < tick : false;
}

static uint64_t all_changes, name_changes;

struct host_asked host_cache_ask(void)
{
    return (struct host_asked){vfs_clock(), all_changes, name_changes};
}

void host_cache_seen(struct host_node *n, const struct fuse_attr *attr, const struct host_asked *asked)
{
    struct host_cache *c = &n->cache;
    if (!c->asked || c->young || !same_contents(&c->attr, attr))
        host_cache_forget(n);
    c->attr = *attr;
    c->asked = asked->at;
    c->names = asked->names;
    c->young = just_changed(attr, asked->at);
    c->stale = c->changing || asked->changes != all_changes;
}

bool host_cache_fresh(const struct host_node *n)
{
    int64_t age = vfs_clock() - n->cache.asked;
    return n->cache.asked && !n->cache.stale && n->cache.names == name_changes && age >= 0 && age < HOST_HOLD;
}

void host_cache_doubt(struct host_node *n)
{
    n->cache.stale = true;
}

void host_cache_begin(struct host_node *n)
{
    n->cache.changing++;
    n->cache.changes++;
    n->cache.stale = true;
    all_changes++;
    host_cache_forget(n);
}

void host_cache_end(struct host_node *n)
{
    n->cache.changing--;
    n->cache.stale = true;
    all_changes++;
    host_cache_forget(n);
}

void host_cache_names(void)
{
    name_changes++;
}

/* ---- Reading ---- */

static int check_attributes(struct host_node *n)
{
    struct vfs_stat st;
    return host_cache_fresh(n) ? 0 : host_ops.stat(&n->vfs, NULL, &st);
}

/* Reads the block, and others that will be wanted as well. Returns how many bytes, or an error. */
static ssize_t fetch_blocks(struct host_node *n, void *handle, uint64_t index, char *bytes)
{
    uint64_t changes = n->cache.changes;
    bool ahead = index == n->cache.next_block || n->cache.attr.size <= budget() / 2;
    if (ahead && index != n->cache.next_block)
        index -= index % (AHEAD / BLOCK); /* all around it, of a file that fits */
    int64_t asked = n->cache.asked;
    ssize_t got = host_read(&n->vfs, handle, bytes, ahead ? AHEAD : BLOCK, index * BLOCK);
    if (got < 0)
        return got;
    /* What was read while this file system wrote, or attributes came, is of no certain age. */
    if (changes != n->cache.changes || n->cache.changing || n->cache.stale || asked != n->cache.asked)
        return 0;
    for (size_t at = 0; at < (size_t)got; at += BLOCK)
        keep_block(n, index + at / BLOCK, bytes + at, (size_t)got - at < BLOCK ? (size_t)got - at : BLOCK);
    return got;
}

/* Copies what there is of [offset, offset + size) from its first byte on. */
static size_t copy_cached(const struct host_node *n, char *to, size_t size, uint64_t offset)
{
    size_t done = 0;
    struct host_block *b;
    while (done < size && (b = find_block(n, (offset + done) / BLOCK))) {
        size_t at = (offset + done) % BLOCK;
        if (at >= b->size)
            break;
        size_t part = b->size - at < size - done ? b->size - at : size - done;
        memcpy(to + done, b->bytes + at, part);
        done += part;
        unlink_use(b);
        link_newest(b);
        if (b->size < BLOCK)
            break;
    }
    return done;
}

/* Without the cache. Returns what there is in all, if `done` bytes were there before. */
static ssize_t read_rest(struct host_node *n, void *handle, char *to, size_t size, uint64_t offset, size_t done)
{
    ssize_t got = host_read(&n->vfs, handle, to + done, size - done, offset + done);
    return got < 0 && done ? (ssize_t)done : got < 0 ? got : (ssize_t)done + got;
}

ssize_t host_cache_read(struct host_node *n, void *handle, void *buffer, size_t size, uint64_t offset)
{
    size = size < HOST_DATA ? size : HOST_DATA;
    if (!S_ISREG(n->vfs.type) || check_attributes(n) || offset >= n->cache.attr.size) /* perhaps it grows */
        return host_read(&n->vfs, handle, buffer, size, offset);
    uint64_t end = n->cache.attr.size;
    size_t wanted = size < end - offset ? size : (size_t)(end - offset);
    size_t done = copy_cached(n, buffer, wanted, offset);
    char *bytes = done < wanted && (done || wanted < LARGE) ? malloc(AHEAD) : NULL;
    while (bytes && done < wanted) {
        ssize_t got = fetch_blocks(n, handle, (offset + done) / BLOCK, bytes);
        size_t more = got < 0 ? 0 : copy_cached(n, (char *)buffer + done, wanted - done, offset + done);
        done += more;
        if (!more)
            break;
    }
    free(bytes);
    n->cache.next_block = (offset + wanted) / BLOCK;
    return done == wanted ? (ssize_t)done : read_rest(n, handle, buffer, size, offset, done);
}
