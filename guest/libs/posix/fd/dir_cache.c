/* A cache of one open directory: the one that was closed last stays open for its next user.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Databases open a directory after each file that they make, only to sync it. The cache is used where only this client
 * can change where the path leads (VFS_TREE_ALONE), and until one of its calls may have changed that. */
#include <fcntl.h>
#include <string.h>

#include "file.h"

enum { LENGTH = 120 };

static struct {
    vfs_file_t handle;        /* NULL: none */
    uint64_t path_generation; /* px_path_generation() when it was opened */
    struct vfs_stat st;
    char path[LENGTH];
} kept;

bool px_dir_cache_keep(const char *path, uint64_t path_generation, vfs_file_t handle, const struct vfs_stat *st)
{
    if (kept.handle || !path_generation || path_generation != px_path_generation() || strlen(path) >= LENGTH)
        return false;
    kept.handle = handle;
    kept.path_generation = path_generation;
    kept.st = *st;
    strcpy(kept.path, path);
    return true;
}

vfs_file_t px_dir_cache_take(const char *path, int flags, struct vfs_stat *st)
{
    vfs_file_t handle = kept.handle;
    bool good = kept.path_generation == px_path_generation();
    if (!handle || (good && (strcmp(kept.path, path) != 0 || flags & ~(O_CLOEXEC | O_DIRECTORY | O_NONBLOCK))))
        return NULL;
    kept.handle = NULL;
    if (!good) {
        vfs_close(handle);
        return NULL;
    }
    *st = kept.st;
    return handle;
}
