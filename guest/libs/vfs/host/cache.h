/* A cache of what files on the host's directory contain, and of their attributes.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The promise (docs/vfs.md): what others on the host change is seen by whoever opens the file or locks it afterwards,
 * and by others at most HOST_HOLD later. This file system's own changes are seen at once. So attributes are asked again
 * when they are older than that, and if they differ, the contents are forgotten. */
#ifndef VFS_HOST_CACHE_H
#define VFS_HOST_CACHE_H

#include <linux/fuse.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { HOST_HOLD = 50000000 }; /* ns; the POSIX layer's cache is as old at most */

struct host_node;
struct host_block;

struct host_cache { /* of a node */
    struct fuse_attr attr;
    int64_t asked;       /* when the attributes were asked for, in ns since 1970; 0: never */
    uint64_t names;      /* changes of names up to then */
    bool stale;          /* they have to be asked again before they are used */
    bool young;          /* the file had just changed: another change may not show in its times */
    uint32_t changing;   /* changes by this file system that are under way */
    uint64_t changes;    /* begun ones */
    uint64_t next_block; /* where a sequential reader would go on */
    struct host_block *blocks;
};

/* Before a question whose answer has attributes. */
struct host_asked {
    int64_t at;
    uint64_t changes, names;
};
struct host_asked host_cache_ask(void);
void host_cache_seen(struct host_node *n, const struct fuse_attr *attr, const struct host_asked *asked);
/* Whether the attributes may be used as they are. */
bool host_cache_fresh(const struct host_node *n);
/* What was read earlier may be old: a lock was taken. */
void host_cache_doubt(struct host_node *n);
/* This file system changes contents or attributes, and has changed them. */
void host_cache_begin(struct host_node *n);
void host_cache_end(struct host_node *n);
void host_cache_names(void);                 /* it has changed a name, and so the number of some file's names */
void host_cache_forget(struct host_node *n); /* before the node is freed */

/* As host_read(), from the cache as far as possible. */
ssize_t host_cache_read(struct host_node *n, void *handle, void *buffer, size_t size, uint64_t offset);

#endif
