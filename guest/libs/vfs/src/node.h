/* Inside the file system: nodes of whatever tree they are in, mounts, and walking paths. Functions return 0 or a
 * negative errno value, unless they say otherwise.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Threads are cooperative: operations on the tree in memory are not interrupted, those on the host's may let others
 * run. So code that keeps a node across one needs a reference. */
#ifndef VFS_NODE_H
#define VFS_NODE_H

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>

#include <vfs/vfs.h>

struct vfs_node;
struct vfs_held; /* lock.c */

/* `handle` comes from open() or create() of this open file; it is NULL where only the node is known. Names have been
 * checked: no "." or "..", no '/', 1 to VFS_NAME_MAX bytes. The caller gets a reference to nodes that are stored. */
struct vfs_ops {
    /* Frees the node after the last reference. Returns the node that it had a reference to, which vfs_put() drops:
     * directories may be nested deeper than a stack is. NULL: none. */
    struct vfs_node *(*release)(struct vfs_node *n);

    /* Directories. create(): -EEXIST; a regular file that is open as `flags` say, a directory, or a link to `target`.
     */
    int (*lookup)(struct vfs_node *dir, const char *name, struct vfs_node **n);
    int (*parent)(struct vfs_node *dir, struct vfs_node **n);       /* of the tree's root: itself */
    int (*name)(struct vfs_node *dir, char name[VFS_NAME_MAX + 1]); /* in its parent; -ENOENT: removed */
    int (*create)(struct vfs_node *dir, const char *name, uint32_t mode, uint32_t flags, const char *target,
                  struct vfs_node **n, void **handle);
    int (*remove)(struct vfs_node *dir, const char *name, bool directory);
    int (*rename)(struct vfs_node *from, const char *from_name, struct vfs_node *to, const char *to_name);
    int (*link)(struct vfs_node *n, struct vfs_node *dir, const char *name);
    ssize_t (*list)(struct vfs_node *dir, void *handle, void *buffer, size_t size, uint64_t *cookie);

    ssize_t (*readlink)(struct vfs_node *n, char *text, size_t size);

    /* Files. */
    int (*open)(struct vfs_node *n, uint32_t flags, void **handle); /* O_TRUNC has been handled */
    void (*close)(struct vfs_node *n, void *handle);
    ssize_t (*read)(struct vfs_node *n, void *handle, void *buffer, size_t size, uint64_t offset);
    ssize_t (*write)(struct vfs_node *n, void *handle, const void *buffer, size_t size, uint64_t offset);
    ssize_t (*append)(struct vfs_node *n, void *handle, const void *buffer, size_t size, uint64_t *end);
    int (*stat)(struct vfs_node *n, void *handle, struct vfs_stat *st);
    int (*change)(struct vfs_node *n, void *handle, uint32_t what, uint64_t mode_or_size, int64_t accessed,
                  int64_t modified);
    int (*allocate)(struct vfs_node *n, void *handle, uint64_t offset, uint64_t size);
    int (*sync)(struct vfs_node *n, void *handle, bool data_only);
    int (*room)(struct vfs_node *n, struct vfs_room *room);
    /* Sets or tests a lock outside of this file system (NULL: nobody else has the file). `flock`: for the open file. */
    int (*lock)(struct vfs_node *n, void *handle, bool flock, const struct vfs_lock *lock);
    int (*lock_test)(struct vfs_node *n, void *handle, struct vfs_lock *lock);
};

/* First member of each tree's own structure. */
struct vfs_node {
    const struct vfs_ops *ops;
    uint32_t refs;
    uint32_t type;            /* S_IFMT bits; constant */
    struct vfs_node *covered; /* root of a mounted tree: the directory it is mounted on, with a reference */
    struct vfs_node *cover;   /* directory that something is mounted on: that tree's root, with a reference */
    struct vfs_held *locks;
    bool locking; /* a change of the locks is under way */
};

static inline bool vfs_is_dir(const struct vfs_node *n)
{
    return S_ISDIR(n->type);
}
static inline struct vfs_node *vfs_get(struct vfs_node *n)
{
    n->refs++;
    return n;
}
void vfs_put(struct vfs_node *n); /* NULL: nothing */

/* ---- Paths (path.c) ---- */
struct vfs_node *vfs_root(void); /* no reference */

/* Where a path leads. */
struct vfs_place {
    struct vfs_node *dir;  /* holds the last name; NULL: the path ends in "/", "." or ".." */
    struct vfs_node *node; /* NULL: there is nothing of that name in `dir` */
    bool slash;            /* a '/' follows the last name */
    bool linked;           /* links were followed on the way */
    uint8_t dots;          /* the path ends in "." or "..": 1 or 2 */
    char name[VFS_NAME_MAX + 1];
};
/* Whether a link at the end is followed. */
enum vfs_follow {
    VFS_FOLLOW,
    VFS_FOLLOW_SLASH, /* if a '/' comes after it */
    VFS_FOLLOW_NOT,
    VFS_FOLLOW_MADE, /* no: the name is about to be made; if it is there, it may be no directory though a '/' follows */
};
/* Fills *place, which has references; vfs_leave() drops them. */
int vfs_walk(struct vfs_node *start, const char *path, enum vfs_follow follow, struct vfs_place *place);
void vfs_leave(struct vfs_place *place);
ssize_t vfs_text(struct vfs_node *dir, const char *name, char *text, size_t size); /* vfs_canonical() */
int vfs_mount_at(const char *path,
                 struct vfs_node *root); /* makes the directory, with its parents; takes over the reference */

/* ---- Entries (entry.c) ---- */
/* Appends one entry to a buffer of which *used bytes are taken. False: no room. */
bool vfs_put_entry(void *buffer, size_t size, size_t *used, uint64_t inode, uint64_t cookie, uint32_t type,
                   const char *name, size_t length);

/* ---- Locks (lock.c) ---- */
/* `owner`: a client for locks of bytes, an open file for those of whole files (flock). */
int vfs_lock_set(struct vfs_node *n, void *handle, const void *owner, bool flock, const struct vfs_lock *lock,
                 bool wait);
int vfs_lock_find(struct vfs_node *n, void *handle, const void *owner, struct vfs_lock *lock);
void vfs_lock_drop(struct vfs_node *n, void *handle, const void *owner, bool flock);

/* ---- What clients have in common (memory.c) ---- */
/* With a guaranteed part for each client (bh/callers.h). */
enum vfs_resource { VFS_MEMORY /* bytes */, VFS_HOST_NODES, VFS_FILES /* open ones */, VFS_LOCKS, VFS_RESOURCES };
bool vfs_take(uint32_t client, enum vfs_resource what, uint64_t amount); /* false: it has what it may have */
void vfs_give(uint32_t client, enum vfs_resource what, uint64_t amount);
/* As malloc(), realloc(), calloc(), strdup() and free(): memory that outlives the call, of the client that calls. */
void *vfs_resize(void *data, size_t size);
void *vfs_zeros(size_t size);
char *vfs_copy(const char *text);
void vfs_free(void *data);
bool vfs_shrink(void); /* gives up what is only cached (host/cache.c); false: there was nothing */

/* ---- The outside (sys.c; the hosted tests have their own) ---- */
/* -ETIMEDOUT; -ECANCELED, once: the caller has died, so whatever waits for others has to return. */
int vfs_wait(const void *key, uint64_t timeout_ns);
void vfs_wake(const void *key);
int vfs_random(void *to, size_t size);
int64_t vfs_clock(void);            /* ns since 1970 */
uint64_t vfs_memory(void);          /* bytes of the heap */
bool vfs_shares_heap(void);         /* with the application */
uint32_t vfs_clients(bool *inside); /* bh_callers_count() */
uint32_t vfs_alone(void);           /* VFS_ALONE, VFS_TREE_ALONE: of files in memory */
int vfs_mount_all(void);            /* the directories of the host (host/mounts.c) */

/* ---- The tree in memory (ram/) ---- */
bool vfs_in_memory(const struct vfs_node *n);
struct vfs_node *ram_root(void); /* made at the first call, with /dev and /tmp; NULL: no memory */

#endif
