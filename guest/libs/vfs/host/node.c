/* Nodes of the host's directory: one for each file that the server has named.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "host.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_DEVICE = 2 }; /* st_dev of the first mount; the tree in memory has 1 */

static struct host_node **bucket_of(struct host_mount *m, uint64_t id)
{
    return &m->nodes[id % HOST_BUCKETS];
}

static void send_forget(struct host_mount *m, uint64_t id, uint64_t lookups)
{
    const struct fuse_forget_in in = {.nlookup = lookups};
    const struct host_call call = {.opcode = FUSE_FORGET, .node = id, .in = &in, .in_size = sizeof(in)};
    host_post(m, &call);
}

static bool is_below(const struct host_node *dir, const struct host_node *n)
{
    if (n->vfs.refs == 1)
        return false; /* the caller's: no directory has it as its parent */
    while (dir && dir != n)
        dir = dir->parent;
    return dir;
}

/* Remembers under which name a directory was found. If directories were moved on the host, `dir` may still be
 * remembered as below `n`. The old place stays then, as parents in a circle would have no end. */
static int remember_place(struct host_node *n, struct host_node *dir, const char *name)
{
    if ((n->parent == dir && n->name && strcmp(n->name, name) == 0) || is_below(dir, n))
        return 0;
    char *copy = vfs_copy(name);
    if (!copy)
        return -ENOMEM;
    struct host_node *before = n->parent;
    vfs_free(n->name);
    n->name = copy;
    n->parent = dir;
    vfs_get(&dir->vfs);
    if (before)
        vfs_put(&before->vfs);
    return 0;
}

/* Counted for the client that calls. */
static struct host_node *new_node(void)
{
    uint32_t client = bh_caller();
    struct host_node *n = vfs_take(client, VFS_HOST_NODES, 1) ? vfs_zeros(sizeof(*n)) : NULL;
    if (n)
        n->client = client;
    return n;
}

int host_node(struct host_mount *m, const struct fuse_entry_out *entry, struct host_node *dir, const char *name,
              struct vfs_node **out)
{
    struct host_node **head = bucket_of(m, entry->nodeid), *n = *head;
    while (n && n->id != entry->nodeid)
        n = n->next;
    if (n) {
        n->lookups++;
        vfs_get(&n->vfs);
    } else if ((n = new_node())) {
        *n = (struct host_node){.client = n->client,
                                .vfs = {.ops = &host_ops, .refs = 1, .type = entry->attr.mode & S_IFMT},
                                .mount = m,
                                .next = *head,
                                .id = entry->nodeid,
                                .lookups = 1};
        *head = n;
    } else {
        send_forget(m, entry->nodeid, 1);
        return -ENFILE;
    }
    int r = dir && vfs_is_dir(&n->vfs) ? remember_place(n, dir, name) : 0;
    if (r)
        vfs_put(&n->vfs);
    else
        *out = &n->vfs;
    return r;
}

struct vfs_node *host_release(struct vfs_node *vn)
{
    struct host_node *n = host_of(vn), *parent = n->parent, **link = bucket_of(n->mount, n->id);
    while (*link != n)
        link = &(*link)->next;
    *link = n->next;
    host_cache_forget(n);
    send_forget(n->mount, n->id, n->lookups);
    vfs_free(n->name);
    vfs_give(n->client, VFS_HOST_NODES, 1);
    vfs_free(n);
    return parent ? &parent->vfs : NULL;
}

void host_moved(struct host_node *from, const char *from_name, struct host_node *to, const char *to_name)
{
    for (unsigned i = 0; i < HOST_BUCKETS; i++)
        for (struct host_node *n = from->mount->nodes[i]; n; n = n->next)
            if (n->parent == from && strcmp(n->name, from_name) == 0) {
                remember_place(n, to, to_name); /* without memory it keeps its old name, which only getcwd() shows */
                return;
            }
}

/* The host's files may have times beyond what 64 bits of nanoseconds can say (1677 to 2262): the nearest then. */
static int64_t time_of(uint64_t seconds, uint32_t nanoseconds)
{
    int64_t ns;
    if (__builtin_mul_overflow((int64_t)seconds, (int64_t)1000000000, &ns) ||
        __builtin_add_overflow(ns, (int64_t)nanoseconds, &ns))
        return (int64_t)seconds < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

void host_stat(const struct host_node *n, const struct fuse_attr *a, struct vfs_stat *st)
{
    *st = (struct vfs_stat){
        .device = FIRST_DEVICE + n->mount->index,
        .inode = a->ino,
        .size = a->size,
        .blocks = a->blocks,
        .size_of_block = a->blksize,
        .accessed = time_of(a->atime, a->atimensec),
        .modified = time_of(a->mtime, a->mtimensec),
        .changed = time_of(a->ctime, a->ctimensec),
        .mode = a->mode & (S_IFMT | 07777),
        .links = a->nlink,
    };
}
