/* Names of files: removing, renaming, links.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "../fd/file.h"

static int remove_in(int fd, const char *path, bool directory)
{
    vfs_file_t dir;
    int r = px_dir_of(fd, path, &dir);
    uint64_t asked = px_generation();
    if (!r)
        r = vfs_remove(dir, path, directory);
    if (!r)
        px_name_removed(path, asked);
    return r;
}

int unlink(const char *path)
{
    return (int)px_result(remove_in(AT_FDCWD, path, false));
}

int unlinkat(int dir, const char *path, int flags)
{
    return (int)px_result(px_flags_within(flags, AT_REMOVEDIR) ? remove_in(dir, path, flags & AT_REMOVEDIR) : -EINVAL);
}

int rmdir(const char *path)
{
    return (int)px_result(remove_in(AT_FDCWD, path, true));
}

int remove(const char *path)
{
    int r = remove_in(AT_FDCWD, path, false);
    return (int)px_result(r == -EISDIR ? remove_in(AT_FDCWD, path, true) : r);
}

typedef int two_names(vfs_file_t from_dir, const char *from, vfs_file_t to_dir, const char *to);

static int two_paths(int from_fd, const char *from, int to_fd, const char *to, two_names *what)
{
    vfs_file_t from_dir, to_dir;
    int r = px_dir_of(from_fd, from, &from_dir);
    if (!r)
        r = px_dir_of(to_fd, to, &to_dir);
    if (!r)
        r = what(from_dir, from, to_dir, to);
    px_name_made(to, false);
    return (int)px_result(r);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    return two_paths(from_dir, from, to_dir, to, vfs_rename);
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
    char target[VFS_PATH_MAX];
    vfs_file_t dir;
    if (!px_flags_within(flags, AT_SYMLINK_FOLLOW))
        return (int)px_result(-EINVAL);
    if (flags) {
        int r = px_dir_of(from_dir, from, &dir);
        ssize_t length = r ? r : vfs_canonical(dir, from, target, sizeof(target));
        if (length < 0)
            return (int)px_result(length);
        from = target;
    }
    return two_paths(from_dir, from, to_dir, to, vfs_link);
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int symlinkat(const char *target, int fd, const char *path)
{
    vfs_file_t dir;
    int r = px_dir_of(fd, path, &dir);
    if (!r)
        r = vfs_symlink(target, dir, path);
    px_name_made(path, false);
    return (int)px_result(r);
}

int symlink(const char *target, const char *path)
{
    return symlinkat(target, AT_FDCWD, path);
}

ssize_t readlinkat(int fd, const char *restrict path, char *restrict buffer, size_t size)
{
    vfs_file_t dir;
    int r = px_dir_of(fd, path, &dir);
    return px_result(r ? r : vfs_readlink(dir, path, buffer, size < VFS_PATH_MAX ? size : VFS_PATH_MAX));
}

ssize_t readlink(const char *restrict path, char *restrict buffer, size_t size)
{
    return readlinkat(AT_FDCWD, path, buffer, size);
}
