/* A directory of the host: FUSE messages (linux/fuse.h) to the process that serves it, over a window of shared memory.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Everything that the server writes is fetched once and checked: it is trusted with the files, but not with this
 * compartment. */
#ifndef VFS_HOST_H
#define VFS_HOST_H

#include <linux/fuse.h>

#include <bh/callers.h>
#include <bh/core.h>
#include <bh/virtqueue.h>

#include "../src/node.h"
#include "cache.h"
#include "rpc/mount.h"

enum {
    HOST_CHAIN = 4,                             /* descriptors of a message at most */
    HOST_SLOTS = BH_MOUNT_ENTRIES / HOST_CHAIN, /* messages under way at once */
    HOST_REQUEST = 8192,                        /* bytes of a slot: the request, without data */
    HOST_REPLY = 4096,
    HOST_DATA = 65536,
    HOST_SLOT = HOST_REQUEST + HOST_REPLY + HOST_DATA,
    HOST_BUCKETS = 256,
    HOST_DIRECTORIES = 16,
};
_Static_assert(BH_MOUNT_BUFFERS + HOST_SLOTS * HOST_SLOT <= BH_MOUNT_SIZE, "window");

struct host_node;

struct host_mount {
    uint8_t *window;
    struct virtqueue queue;
    _Alignas(uint16_t) uint8_t queue_private[VQ_PRIVATE(BH_MOUNT_ENTRIES)];
    uint8_t slot_of[BH_MOUNT_ENTRIES]; /* by the head of the message's chain */
    uint32_t index;
    uint64_t unique;
    bool dead; /* the server has ended or broke the protocol: every call fails with -EIO */
    struct {
        bool taken, done;
        bool unawaited; /* no thread waits for the answer: the slot is free again when it has come */
        uint32_t written;
    } slots[HOST_SLOTS];
    struct host_node *nodes[HOST_BUCKETS];
    struct vfs_node *directories[HOST_DIRECTORIES]; /* looked up lately, with a reference */
    unsigned next_directory;
};

/* One message. Sizes are bytes; pointers may be NULL where the size is 0. */
struct host_call {
    uint32_t opcode;
    uint64_t node;
    const void *in; /* the operation's structure */
    size_t in_size;
    const char *name, *name2; /* follow it, each with its NUL; NULL: none */
    const void *send;         /* data, at most HOST_DATA */
    size_t send_size;
    void *out; /* structure of the answer, which has to be complete */
    size_t out_size;
    void *receive; /* data of the answer, at most HOST_DATA */
    size_t receive_size;
};

/* ---- queue.c ---- */
int host_start(struct host_mount *m, uint32_t compartment, uint32_t index);
/* Sends a message and blocks until it is answered. Returns how many bytes of data came, or a negative errno value. */
ssize_t host_send(struct host_mount *m, const struct host_call *call);
/* Sends a message whose answer is ignored. */
void host_post(struct host_mount *m, const struct host_call *call);

/* ---- errors.c ---- */
int host_error(int linux_error); /* the C library's number for one of the host's */

/* ---- node.c ---- */
struct host_node {
    struct vfs_node vfs;
    struct host_mount *mount;
    struct host_node *next; /* in the bucket */
    uint64_t id, lookups;
    uint32_t client; /* for whom it counts */
    struct host_cache cache;
    int64_t found; /* of directories: when they were looked up last, in ns since 1970 */
    /* of directories except the root of the mount: where they were found last */
    struct host_node *parent; /* with a reference */
    char *name;
};

static inline struct host_node *host_of(struct vfs_node *n)
{
    return (struct host_node *)n;
}

/* The node that an answer names, with a reference. `dir` and `name`: where it was found; NULL: the root. */
int host_node(struct host_mount *m, const struct fuse_entry_out *entry, struct host_node *dir, const char *name,
              struct vfs_node **n);
struct vfs_node *host_release(struct vfs_node *n);
/* Records that a directory was renamed. */
void host_moved(struct host_node *from, const char *from_name, struct host_node *to, const char *to_name);
void host_stat(const struct host_node *n, const struct fuse_attr *a, struct vfs_stat *st);

/* ---- ops.c, files.c ---- */
extern const struct vfs_ops host_ops;
int host_open(struct vfs_node *n, uint32_t flags, void **handle);
void host_close(struct vfs_node *n, void *handle);
void host_close_file(struct host_mount *m, uint64_t node, void *handle); /* of a node that could not be made */
ssize_t host_read(struct vfs_node *n, void *handle, void *buffer, size_t size, uint64_t offset);
ssize_t host_write(struct vfs_node *n, void *handle, const void *buffer, size_t size, uint64_t offset);
ssize_t host_append(struct vfs_node *n, void *handle, const void *buffer, size_t size, uint64_t *end);
int host_allocate(struct vfs_node *n, void *handle, uint64_t offset, uint64_t size);
int host_sync(struct vfs_node *n, void *handle, bool data_only);
ssize_t host_list(struct vfs_node *n, void *handle, void *buffer, size_t size, uint64_t *cookie);
int host_lock(struct vfs_node *n, void *handle, bool flock, const struct vfs_lock *lock);
int host_lock_test(struct vfs_node *n, void *handle, struct vfs_lock *lock);

/* An open file's number at the server; never NULL as a handle. */
static inline void *host_handle(uint64_t fh)
{
    return (void *)(uintptr_t)(fh + 1);
}
static inline uint64_t host_fh(void *handle)
{
    return (uint64_t)(uintptr_t)handle - 1;
}

#endif
