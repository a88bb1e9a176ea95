/* Changing the size, mode, owner and times of files.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

#include "../fd/file.h"

static int change_fd(int fd, uint32_t what, uint64_t value, int64_t accessed, int64_t modified)
{
    int r;
    struct px_file *f = px_file_get(fd, &r);
    if (f) {
        r = vfs_change(px_handle(f), what, value, accessed, modified);
        px_invalidate();
        px_put(f);
    }
    return (int)px_result(r);
}

static int change_path(int fd, const char *path, uint32_t how, uint32_t what, uint64_t value, int64_t accessed,
                       int64_t modified)
{
    vfs_file_t dir, file;
    int r = px_dir_of(fd, path, &dir);
    if (!r)
        r = vfs_open(dir, path, how, 0, &file);
    if (r)
        return (int)px_result(r);
    r = vfs_change(file, what, value, accessed, modified);
    px_invalidate();
    vfs_close(file);
    return (int)px_result(r);
}

int truncate(const char *path, off_t size)
{
    return size < 0 ? (int)px_result(-EINVAL) : change_path(AT_FDCWD, path, O_WRONLY, VFS_SIZE, (uint64_t)size, 0, 0);
}

int ftruncate(int fd, off_t size)
{
    return size < 0 ? (int)px_result(-EINVAL) : change_fd(fd, VFS_SIZE, (uint64_t)size, 0, 0);
}

int posix_fallocate(int fd, off_t offset, off_t size)
{
    int r;
    struct stat st;
    if (offset < 0 || size <= 0)
        return EINVAL;
    struct px_file *f = px_file_get(fd, &r);
    if (f) {
        r = vfs_allocate(px_handle(f), (uint64_t)offset, (uint64_t)size);
        px_invalidate();
        px_put(f);
    } else if (r != -EBADF) { /* open, but no file */
        r = fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) ? -ESPIPE : -ENODEV;
    }
    return -r;
}

int posix_fadvise(int fd, off_t offset, off_t size, int advice)
{
    (void)offset, (void)size, (void)advice;
    return px_peek(fd) ? 0 : EBADF;
}

int fchmodat(int dir, const char *path, mode_t mode, int flags)
{
    if (flags)
        return (int)px_result(-EOPNOTSUPP);
    return change_path(dir, path, VFS_O_PATH, VFS_MODE, mode & 07777, 0, 0);
}

int chmod(const char *path, mode_t mode)
{
    return fchmodat(AT_FDCWD, path, mode, 0);
}

int fchmod(int fd, mode_t mode)
{
    return change_fd(fd, VFS_MODE, mode & 07777, 0, 0);
}

static int set_owner(int r, uid_t owner, gid_t group)
{
    bool same = (owner == 0 || owner == (uid_t)-1) && (group == 0 || group == (gid_t)-1);
    return r ? r : (int)px_result(same ? 0 : -EPERM); /* there is only user 0 */
}

int chown(const char *path, uid_t owner, gid_t group)
{
    struct stat st;
    return set_owner(stat(path, &st), owner, group);
}

int lchown(const char *path, uid_t owner, gid_t group)
{
    struct stat st;
    return set_owner(lstat(path, &st), owner, group);
}

int fchown(int fd, uid_t owner, gid_t group)
{
    return set_owner(px_peek(fd) ? 0 : (int)px_result(-EBADF), owner, group);
}

/* Converts two times to arguments of vfs_change(): the bits in *what, and nanoseconds in ns. */
static int times_in(const struct timespec times[2], uint32_t *what, int64_t ns[2])
{
    static const uint32_t bits[2] = {VFS_ACCESSED, VFS_MODIFIED};
    *what = 0;
    for (int i = 0; i < 2; i++) {
        ns[i] = VFS_NOW;
        if (times && times[i].tv_nsec == UTIME_OMIT)
            continue;
        *what |= bits[i];
        if (!times || times[i].tv_nsec == UTIME_NOW)
            continue;
        if (times[i].tv_nsec < 0 || times[i].tv_nsec >= 1000000000)
            return -EINVAL;
        if (__builtin_mul_overflow((int64_t)times[i].tv_sec, (int64_t)1000000000, &ns[i]))
            return -EINVAL;
        if (__builtin_add_overflow(ns[i], (int64_t)times[i].tv_nsec, &ns[i]))
            return -EINVAL;
    }
    return 0;
}

int utimensat(int dir, const char *path, const struct timespec times[2], int flags)
{
    uint32_t what;
    int64_t ns[2];
    int r = px_flags_within(flags, AT_SYMLINK_NOFOLLOW) ? times_in(times, &what, ns) : -EINVAL;
    uint32_t how = VFS_O_PATH | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0);
    return r ? (int)px_result(r) : change_path(dir, path, how, what, 0, ns[0], ns[1]);
}

int utimes(const char *path, const struct timeval times[2])
{
    struct timespec both[2];
    for (int i = 0; times && i < 2; i++)
        both[i] = (struct timespec){times[i].tv_sec, times[i].tv_usec * 1000};
    return utimensat(AT_FDCWD, path, times ? both : NULL, 0);
}

int utime(const char *path, const struct utimbuf *times)
{
    struct timespec both[2];
    if (times) {
        both[0] = (struct timespec){times->actime, 0};
        both[1] = (struct timespec){times->modtime, 0};
    }
    return utimensat(AT_FDCWD, path, times ? both : NULL, 0);
}

int futimens(int fd, const struct timespec times[2])
{
    uint32_t what;
    int64_t ns[2];
    int r = times_in(times, &what, ns);
    return r ? (int)px_result(r) : change_fd(fd, what, 0, ns[0], ns[1]);
}
