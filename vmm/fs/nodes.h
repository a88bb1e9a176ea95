/* The table of a mount's nodes, which are the files that the guest knows, and of its open files.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A node is found by device and inode, so that two names of one file are one node. Names are looked up one at a time,
 * relative to a directory that is open, and links are never followed: no path is ever resolved here. */
#ifndef BH_VMM_FS_NODES_H
#define BH_VMM_FS_NODES_H

#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define FS_NODES_MAX 65536u
#define FS_FILES_MAX 8192u
#define FS_LOCKS_MAX 4096u /* locked ranges of bytes in all files together */
#define FS_MODES     0777u /* of files that are made: a guest gets no set-user-ID files on the host */

/* A file that the guest knows, by its index + 1. */
struct fs_node {
    int fd;          /* O_PATH; -1: unused */
    int lock_fd;     /* the open file that has its byte-range locks; -1: none so far */
    uint32_t type;   /* S_IFMT bits */
    uint32_t next;   /* in the bucket: index + 1 */
    uint32_t ranges; /* its locked ranges (locks.c): index + 1 */
    uint64_t device, inode;
    uint64_t lookups; /* how often the guest was told of it */
};

struct fs_file {
    int fd; /* -1: unused */
    uint32_t node;
    bool directory;
};

/* Bytes that the appliance has locked, or a free entry. */
struct fs_range {
    uint64_t first, last;
    uint32_t type; /* F_RDLCK, F_WRLCK */
    uint32_t next; /* of the same file, or free: index + 1 */
};

struct fs_dirent { /* of getdents64(2) */
    uint64_t inode;
    int64_t next;
    uint16_t bytes;
    uint8_t type;
    char name[];
} __attribute__((packed));

struct fs_quota {        /* quota.c */
    uint64_t size;       /* bytes; 0: none */
    uint64_t used;       /* at most; a count of everything makes it exact */
    bool counted;        /* there was such a count */
    bool freed;          /* since the last count something may have become smaller */
    uint64_t next_count; /* clock_cycles(): no count before, unless `freed` */
};

struct fs {
    int proc; /* /proc/self/fd: the way from a node to an open file */
    bool read_only;
    struct fs_node *nodes;
    uint32_t n_nodes, free_node; /* in use so far; where the search for a free one begins */
    uint32_t buckets[1024];      /* index of a node + 1 */
    struct fs_file *files;
    struct fs_range *ranges;
    uint32_t n_ranges, free_range; /* in use; the first free one: index + 1 */
    struct fs_quota quota;
};

/* `directory` and `proc` are open and stay so. False: there is no memory. */
bool fs_init(struct fs *f, int directory, int proc, bool read_only);
void fs_release(struct fs *f); /* for tests */

/* NULL: the guest has no such node, or no such open file. */
struct fs_node *fs_node(struct fs *f, uint64_t id);
struct fs_file *fs_file(struct fs *f, uint64_t handle);

/* Whether `name` ends within `room` bytes and is the name of one directory entry. */
bool fs_name_good(const char *name, size_t room);

/* Opens a node's file again. Returns a descriptor or -errno. */
int fs_reopen(const struct fs *f, const struct fs_node *n, int flags);

/* fstat(2) by the call that takes no path, which the C library's does not make: the sandbox allows no other. */
int fs_stat(int fd, struct stat *st);

/* Fills `entry` for what `name` in `dir` is, and counts that the guest was told of it. 0 or a positive errno value. */
int fs_enter(struct fs *f, const struct fs_node *dir, const char *name, struct fuse_entry_out *entry);

/* The guest forgets `lookups` of the times that it was told of a node; after the last one the node is free. */
void fs_forget(struct fs *f, uint64_t id, uint64_t lookups);

/* Takes the descriptor over as an open file of a node, also when it fails. 0 or a positive errno value. */
int fs_open_file(struct fs *f, uint32_t node, int fd, bool directory, struct fuse_open_out *out);

void fs_attr(const struct stat *st, struct fuse_attr *a);

#endif
