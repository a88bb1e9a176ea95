/* The file system in memory. Functions return 0 or a negative errno value, unless they say otherwise.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Everything belongs to user 0; permission bits are kept, and only x bits of files matter (access()). */
#ifndef POSIX_RAMFS_H
#define POSIX_RAMFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define RF_NAME_MAX 255
#define RF_PATH_MAX 1024
#define RF_BLOCK 4096u
#define RF_SIZE_MAX (1ull << 46)

enum rf_device { RF_NO_DEVICE, RF_NULL, RF_ZERO, RF_RANDOM };

struct rf_entry {
    struct rf_node *node;
    uint64_t cookie; /* grows: readdir() finds its place again although others come and go */
    uint32_t hash;
    char name[];
};

struct rf_node {
    uint64_t ino;
    mode_t mode;
    uint32_t links; /* names; directories: 1 while they have one */
    uint32_t refs;  /* open files, current directory, parents of a path walk */
    struct timespec modified, changed;
    enum rf_device device;
    /* regular files */
    uint64_t size;
    const char *seed; /* contents that nobody has written to yet, or NULL */
    char **blocks;    /* NULL entries: zeros */
    size_t n_blocks;
    /* directories */
    struct rf_node *parent; /* of the root: itself; else with a reference */
    struct rf_entry **entries; /* by cookie */
    size_t n_entries, room;
    uint64_t next_cookie;
};

/* ---- Nodes (node.c) ---- */
struct rf_node *rf_root(void);
struct rf_node *rf_new(mode_t mode); /* refs = 1; NULL: no memory */
void rf_get(struct rf_node *n);
void rf_put(struct rf_node *n); /* frees it when it has no name and no user */
void rf_stat(const struct rf_node *n, struct stat *st);
void rf_touch(struct rf_node *n, bool contents);

/* ---- Contents of files (data.c) ---- */
size_t rf_read(struct rf_node *n, void *to, size_t size, uint64_t offset);
ssize_t rf_write(struct rf_node *n, const void *from, size_t size, uint64_t offset); /* -ENOSPC, -EFBIG */
int rf_truncate(struct rf_node *n, uint64_t size);

/* ---- Directories (dir.c) ---- */
struct rf_node *rf_find(const struct rf_node *dir, const char *name); /* no reference; NULL: not there */
int rf_link(struct rf_node *dir, const char *name, struct rf_node *n);
void rf_unlink(struct rf_node *dir, const char *name); /* it is there */
void rf_replace(struct rf_node *dir, const char *name, struct rf_node *n); /* it is there: now names `n` */
const struct rf_entry *rf_next(const struct rf_node *dir, uint64_t cookie); /* the first after `cookie` */

/* ---- Paths (path.c): relative to the current directory ---- */
int rf_lookup(const char *path, struct rf_node **n); /* with a reference */
int rf_create(const char *path, mode_t mode, struct rf_node **n); /* -EEXIST; with a reference */
int rf_open(const char *path, int flags, mode_t mode, struct rf_node **n); /* O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY */
int rf_remove(const char *path, bool directory);
int rf_rename(const char *from, const char *to);
int rf_hardlink(const char *from, const char *to);
int rf_chdir(const char *path);
int rf_chdir_node(struct rf_node *n);
int rf_cwd(char *path, size_t size);

/* ---- Start (seed.c) ---- */
/* Makes /dev and /tmp, and what an archive of scripts/pack_files.py holds. Its memory stays in use. -EINVAL: damaged. */
int rf_seed(const unsigned char *archive, size_t size);

#endif
