/* The server of one mount: FUSE messages (linux/fuse.h, 7.38) about one directory of the host.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Whoever sends them is the guest: each message is copied into private memory once and checked there.
 * Names are looked up one at a time, relative to a directory that is open, and never followed: a path
 * is not resolved here at all. Everything runs on one thread; messages are answered in order. */
#ifndef BH_VMM_FS_SERVER_H
#define BH_VMM_FS_SERVER_H

#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define FS_REQUEST_MAX 8192u /* bytes of a message without the data to be written */
#define FS_NODES_MAX   65536u
#define FS_FILES_MAX   8192u
#define FS_IOV_MAX     16u

/* A file that the guest knows, by its number + 1. */
struct fs_node {
    int fd;        /* O_PATH; -1: unused */
    int lock_fd;   /* its locks of bytes; -1: none so far */
    uint32_t type; /* S_IFMT bits */
    uint32_t next; /* in the bucket, + 1 */
    uint64_t device, inode;
    uint64_t lookups; /* how often the guest was told of it */
};

struct fs_file {
    int fd; /* -1: unused */
    uint32_t node;
    bool directory;
};

struct fs {
    int proc; /* /proc/self/fd: the way from a node to an open file */
    bool read_only;
    struct fs_node *nodes;
    uint32_t n_nodes, free_node; /* in use so far; where to look first */
    uint32_t buckets[1024];      /* node + 1 */
    struct fs_file *files;
};

/* A message in private memory. */
struct fs_request {
    struct fuse_in_header head; /* its len is the number of bytes that came */
    _Alignas(8) uint8_t body[FS_REQUEST_MAX];
    size_t size; /* bytes of body that are there */
    /* Data to be written, or room for data to be read: guest memory. */
    struct iovec in[FS_IOV_MAX], out[FS_IOV_MAX];
    unsigned n_in, n_out;
    size_t in_bytes, out_bytes;
};

/* The answer. */
struct fs_reply {
    union {
        uint8_t body[4096];
        struct fuse_entry_out entry;
        struct fuse_attr_out attr;
    };
    size_t size; /* bytes of body */
    size_t data; /* bytes that lie in `out` already */
};

/* `directory` is open and stays so; `proc` too. False: no memory. */
bool fs_init(struct fs *f, int directory, int proc, bool read_only);
void fs_release(struct fs *f); /* for tests */

/* One message: how many bytes of the answer were written to `out`; 0: there is none. */
size_t fs_handle(struct fs *f, const struct iovec *in, unsigned n_in, const struct iovec *out, unsigned n_out);

/* ---- Between its files. 0 or a positive errno value, unless they say otherwise ---- */
struct fs_node *fs_node(struct fs *f, uint64_t id); /* NULL: the guest has no such node */
struct fs_file *fs_file(struct fs *f, uint64_t handle);
bool fs_name_good(const char *name, size_t room);                      /* ends within `room`, and is one name */
int fs_reopen(const struct fs *f, const struct fs_node *n, int flags); /* descriptor or -errno */
/* Fills r->entry for what `name` in `dir` is; the guest knows it once more. */
int fs_enter(struct fs *f, const struct fs_node *dir, const char *name, struct fs_reply *r);
void fs_forget(struct fs *f, uint64_t id, uint64_t lookups);
void fs_attr(const struct stat *st, struct fuse_attr *a);

/* What they ask for: operations on names (fs_names.c) and on files (fs_files.c). */
int fs_names(struct fs *f, struct fs_request *q, struct fs_reply *r);
int fs_files(struct fs *f, struct fs_request *q, struct fs_reply *r);

/* Flags, open file, and the rest. */
int fs_open_file(struct fs *f, uint32_t node, int fd, bool directory, struct fuse_open_out *out);

#endif
