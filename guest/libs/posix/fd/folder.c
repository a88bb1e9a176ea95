/* The directory that was closed last stays open for whoever opens it next: databases do so after each file that they
 * make, only to sync it.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Where nobody else can change where its path leads (VFS_TREE_ALONE), and as long as no call of this client may have.
 */
#include <fcntl.h>
#include <string.h>

#include "file.h"

enum { LENGTH = 120 };

static struct {
    vfs_file_t handle; /* NULL: none */
    uint64_t paths;    /* px_paths() when it was opened */
    struct vfs_stat st;
    char path[LENGTH];
} kept;

bool px_folder_keep(const char *path, uint64_t paths, vfs_file_t handle, const struct vfs_stat *st)
{
    if (kept.handle || !paths || paths != px_paths() || strlen(path) >= LENGTH)
        return false;
    kept.handle = handle;
    kept.paths = paths;
    kept.st = *st;
    strcpy(kept.path, path);
    return true;
}

vfs_file_t px_folder_take(const char *path, int flags, struct vfs_stat *st)
{
    vfs_file_t handle = kept.handle;
    bool good = kept.paths == px_paths();
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
