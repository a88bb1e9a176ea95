/* The file system where neither guest/libs/vfs nor a gate to it is there: no files.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include <vfs/vfs.h>

#include "fallback.h"

FALLBACK int vfs_attach(vfs_file_t *root)
{
    (void)root;
    return -ENOSYS;
}

#pragma GCC diagnostic ignored "-Wunused-parameter"

/* There is no open file that the others could be called with. */
#define NONE(type, name, ...)       \
    FALLBACK type name(__VA_ARGS__) \
    {                               \
        return -ENOSYS;             \
    }
NONE(int, vfs_open, vfs_file_t dir, const char *path, uint32_t flags, uint32_t mode, vfs_file_t *file)
NONE(int, vfs_close, vfs_file_t file)
NONE(ssize_t, vfs_read, vfs_file_t file, void *buffer, size_t size, uint64_t offset)
NONE(ssize_t, vfs_write, vfs_file_t file, const void *buffer, size_t size, uint64_t offset)
NONE(ssize_t, vfs_append, vfs_file_t file, const void *buffer, size_t size, uint64_t *end)
NONE(int, vfs_stat, vfs_file_t file, struct vfs_stat *st)
NONE(int, vfs_change, vfs_file_t file, uint32_t what, uint64_t mode_or_size, int64_t accessed, int64_t modified)
NONE(int, vfs_allocate, vfs_file_t file, uint64_t offset, uint64_t size)
NONE(int, vfs_sync, vfs_file_t file, int data_only)
NONE(int, vfs_room, vfs_file_t file, struct vfs_room *room)
NONE(ssize_t, vfs_list, vfs_file_t dir, void *buffer, size_t size, uint64_t *cookie)
NONE(int, vfs_stat_at, vfs_file_t dir, const char *path, int follow, struct vfs_stat *st)
NONE(int, vfs_remove, vfs_file_t dir, const char *path, int directory)
NONE(int, vfs_make, vfs_file_t dir, const char *path, uint32_t mode)
NONE(int, vfs_rename, vfs_file_t from_dir, const char *from, vfs_file_t to_dir, const char *to)
NONE(int, vfs_link, vfs_file_t from_dir, const char *from, vfs_file_t to_dir, const char *to)
NONE(int, vfs_symlink, const char *target, vfs_file_t dir, const char *path)
NONE(ssize_t, vfs_readlink, vfs_file_t dir, const char *path, void *text, size_t size)
NONE(ssize_t, vfs_canonical, vfs_file_t dir, const char *path, void *text, size_t size)
NONE(int, vfs_lock, vfs_file_t file, const struct vfs_lock *lock, int wait)
NONE(int, vfs_lock_test, vfs_file_t file, struct vfs_lock *lock)
NONE(int, vfs_flock, vfs_file_t file, uint32_t type, int wait)
