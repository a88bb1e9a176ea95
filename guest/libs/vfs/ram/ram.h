/* The tree in memory. Functions return 0 or a negative errno value, unless they say otherwise.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Everything belongs to user 0; permission bits are kept, and only x bits of files matter (access()). */
#ifndef VFS_RAM_H
#define VFS_RAM_H

#include "../src/node.h"

#define RAM_BLOCK 4096u
#define RAM_GROUP 400u

enum ram_device { RAM_NO_DEVICE, RAM_NULL, RAM_ZERO, RAM_RANDOM };

struct ram_entry {
    struct ram_node *node;
    uint64_t cookie; /* grows: readdir() finds its place again although others come and go */
    uint32_t hash;
    uint32_t reserved[5]; /* counts the place in `entries`, which no client owns, for the one that made the entry */
    char name[];
};

/* Blocks of a file that follow each other; NULL: zeros. A group takes just less than a block, like the memory of a
 * block itself, which has no head: the allocator wastes nothing. */
struct ram_group {
    char *blocks[RAM_GROUP];
    uint16_t clients[RAM_GROUP]; /* for whom each of them counts */
};
_Static_assert(sizeof(struct ram_group) <= RAM_BLOCK - 64, "with its head");

struct ram_node {
    struct vfs_node vfs; /* its refs: open files, places of walks, parents */
    uint64_t ino;
    uint32_t mode;
    uint32_t links; /* names; directories: 1 while they have one */
    int64_t accessed, modified, changed;
    enum ram_device device;
    /* regular files */
    uint64_t size;
    struct ram_group **groups; /* so that a hole costs little; NULL: zeros */
    size_t n_groups, in_use;   /* in_use: blocks */
    /* symbolic links */
    char *target;
    /* directories */
    struct ram_node *parent;    /* of the root: itself; else with a reference */
    struct ram_entry **entries; /* by cookie */
    size_t n_entries, room;
    uint64_t next_cookie;
};

enum { RAM_DOT = 1, RAM_DOTDOT = 2, RAM_FIRST = 3 }; /* cookies */

static inline struct ram_node *ram_of(struct vfs_node *n)
{
    return (struct ram_node *)n;
}

/* ---- Nodes (node.c) ---- */
struct ram_node *ram_new(uint32_t mode); /* one reference; NULL: no memory */
void ram_touch(struct ram_node *n, bool contents);
extern const struct vfs_ops ram_ops;

/* ---- Contents of files (data.c) ---- */
size_t ram_read(struct ram_node *n, void *to, size_t size, uint64_t offset);
ssize_t ram_write(struct ram_node *n, const void *from, size_t size, uint64_t offset); /* -ENOSPC, -EFBIG */
int ram_truncate(struct ram_node *n, uint64_t size);
bool ram_has_room(void); /* less than half of the memory holds contents of files, and some MiB are left */

/* ---- Directories (dir.c) ---- */
struct ram_node *ram_find(const struct ram_node *dir, const char *name); /* no reference; NULL: not there */
int ram_link(struct ram_node *dir, const char *name, struct ram_node *n);
void ram_unlink(struct ram_node *dir, const char *name);                       /* it is there */
void ram_replace(struct ram_node *dir, const char *name, struct ram_node *n);  /* it is there: now names `n` */
const struct ram_entry *ram_next(const struct ram_node *dir, uint64_t cookie); /* the first after `cookie` */
const char *ram_name(const struct ram_node *dir, const struct ram_node *n);    /* NULL: has none there */

#endif
