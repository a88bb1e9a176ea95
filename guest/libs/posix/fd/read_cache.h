/* A cache of what was read from an open file that is not in memory.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef POSIX_FD_READ_CACHE_H
#define POSIX_FD_READ_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vfs/vfs.h>

struct px_block;
struct px_vfs_file;

struct px_read_cache {  /* of an open file */
    struct vfs_stat st; /* at `asked`, in ns since 1970; 0: never */
    int64_t asked;
    uint64_t generation;      /* px_generation() then */
    bool refused;             /* the file is in memory */
    bool young;               /* it had just changed: another change may not show in its times */
    struct px_block **blocks; /* n_blocks of them; NULL: not read */
    size_t n_blocks, hand;    /* hand: what is freed next */
    uint64_t next;            /* the block where a sequential reader goes on */
};

/* As vfs_read(). May block. */
ssize_t px_read_cached(struct px_vfs_file *file, char *to, size_t size, uint64_t offset);
void px_read_cache_forget(struct px_read_cache *c);

#endif
