/* Attributes of files by name, and whether a file may be accessed.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../fd/file.h"

static int stat_in(int fd, const char *path, struct stat *st, bool follow)
{
    vfs_file_t dir;
    struct vfs_stat got;
    int r = px_cache_find(path, follow, &got);
    if (r == PX_NOT_CACHED && !(r = px_dir_of(fd, path, &dir))) {
        uint64_t asked = px_generation();
        r = vfs_stat_at(dir, path, follow, &got);
        if (!r || (r == -ENOENT && got.is & VFS_TREE_ALONE))
            px_cache_store(path, follow, r, &got, asked);
    }
    if (!r)
        px_stat_out(&got, st);
    return (int)px_result(r);
}

int stat(const char *restrict path, struct stat *restrict st)
{
    return stat_in(AT_FDCWD, path, st, true);
}

int lstat(const char *restrict path, struct stat *restrict st)
{
    return stat_in(AT_FDCWD, path, st, false);
}

int fstatat(int dir, const char *restrict path, struct stat *restrict st, int flags)
{
    if (!px_flags_within(flags, AT_SYMLINK_NOFOLLOW))
        return (int)px_result(-EINVAL);
    return stat_in(dir, path, st, !(flags & AT_SYMLINK_NOFOLLOW));
}

int faccessat(int dir, const char *path, int mode, int flags)
{
    struct stat st = {0};
    if (mode & ~(R_OK | W_OK | X_OK) || !px_flags_within(flags, AT_EACCESS | AT_SYMLINK_NOFOLLOW))
        return (int)px_result(-EINVAL); /* AT_EACCESS: there is one user */
    if (stat_in(dir, path, &st, !(flags & AT_SYMLINK_NOFOLLOW)) != 0)
        return -1;
    bool executable = S_ISDIR(st.st_mode) || st.st_mode & 0111;
    return mode & X_OK && !executable ? (int)px_result(-EACCES) : 0;
}

int access(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, 0);
}
