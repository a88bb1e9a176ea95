/* The current directory, and paths without links.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "../fd/file.h"

int chdir(const char *path)
{
    vfs_file_t dir;
    int r = px_cwd(&dir);
    if (!r)
        r = vfs_open(dir, path, VFS_O_PATH | O_DIRECTORY, 0, &dir);
    return (int)px_result(r ? r : px_cwd_set(dir));
}

int fchdir(int fd)
{
    vfs_file_t dir;
    int r;
    struct px_file *f = px_file_get(fd, &r);
    if (f) {
        r = vfs_open(px_handle(f), ".", VFS_O_PATH | O_DIRECTORY, 0, &dir);
        px_put(f);
    }
    return (int)px_result(r ? r : px_cwd_set(dir));
}

static ssize_t canonical_path(const char *path, char *text, size_t size)
{
    vfs_file_t dir;
    int r = px_cwd(&dir);
    return r ? r : vfs_canonical(dir, path, text, size < VFS_PATH_MAX ? size : VFS_PATH_MAX);
}

char *getcwd(char *buffer, size_t size)
{
    char *made = NULL;
    if (!buffer) {
        size = size ? size : VFS_PATH_MAX;
        buffer = made = malloc(size);
    }
    ssize_t r = !buffer ? -ENOMEM : size ? canonical_path(".", buffer, size) : -EINVAL;
    if (r > 0)
        return buffer;
    free(made);
    px_result(r);
    return NULL;
}

char *get_current_dir_name(void)
{
    return getcwd(NULL, 0);
}

char *realpath(const char *restrict path, char *restrict resolved)
{
    char *text = resolved ? resolved : malloc(VFS_PATH_MAX);
    ssize_t r = text ? canonical_path(path, text, resolved ? PATH_MAX : VFS_PATH_MAX) : -ENOMEM;
    if (r > 0)
        return text;
    if (!resolved)
        free(text);
    px_result(r == -ERANGE ? -ENAMETOOLONG : r);
    return NULL;
}
