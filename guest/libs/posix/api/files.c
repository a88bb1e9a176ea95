/* Files by name.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <utime.h>

#include "../fd/file.h"

static mode_t mask = 022;

/* AT_* flags of <fcntl.h> that a call may have. */
static bool only(int flags, int allowed)
{
    return !(flags & ~allowed);
}

/* The descriptor that /dev/stdin, /dev/stdout, /dev/stderr or /dev/fd/N stands for; -1: another name. */
static int descriptor_named(const char *path)
{
    static const char *const names[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
    char *end;
    for (int i = 0; i < 3; i++)
        if (strcmp(path, names[i]) == 0)
            return i;
    if (strncmp(path, "/dev/fd/", 8) != 0 || !isdigit((unsigned char)path[8]))
        return -1;
    unsigned long fd = strtoul(path + 8, &end, 10);
    return *end || fd >= PX_FILES_MAX ? -1 : (int)fd;
}

/* Unlike on Linux it is not opened again: flags and offset are those of `fd`. */
static int open_descriptor(int fd, int flags)
{
    const struct px_file *f = px_peek(fd);
    if (!f)
        return -ENOENT;
    int has = f->flags & O_ACCMODE;
    return has == O_RDWR || has == (flags & O_ACCMODE) ? px_dup(fd, 0, flags & O_CLOEXEC) : -EACCES;
}

static int open_in(int dir, const char *path, int flags, mode_t mode)
{
    struct px_file *f;
    int fd = descriptor_named(path);
    if (fd >= 0)
        return (int)px_result(open_descriptor(fd, flags));
    int r = px_open_file(dir, path, flags, mode & ~mask, &f);
    return (int)px_result(r ? r : px_open_fd(f, 0, flags & O_CLOEXEC));
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open_in(AT_FDCWD, path, flags, mode);
}

int creat(const char *path, mode_t mode)
{
    return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open_in(dir, path, flags, mode);
}

static int stat_in(int fd, const char *path, struct stat *st, bool follow)
{
    vfs_file_t dir;
    struct vfs_stat got;
    int r = px_ask(path, follow, &got);
    if (r == PX_UNKNOWN && !(r = px_dir_of(fd, path, &dir))) {
        uint64_t asked = px_state();
        r = vfs_stat_at(dir, path, follow, &got);
        if (!r || (r == -ENOENT && got.is & VFS_TREE_ALONE))
            px_learn(path, follow, r, &got, asked);
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
    if (!only(flags, AT_SYMLINK_NOFOLLOW))
        return (int)px_result(-EINVAL);
    return stat_in(dir, path, st, !(flags & AT_SYMLINK_NOFOLLOW));
}

int faccessat(int dir, const char *path, int mode, int flags)
{
    struct stat st;
    (void)flags; /* there is one user */
    if (stat_in(dir, path, &st, true) != 0)
        return -1;
    bool executable = S_ISDIR(st.st_mode) || st.st_mode & 0111;
    return mode & X_OK && !executable ? (int)px_result(-EACCES) : 0;
}

int access(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, 0);
}

static int remove_in(int fd, const char *path, bool directory)
{
    vfs_file_t dir;
    int r = px_dir_of(fd, path, &dir);
    uint64_t asked = px_state();
    if (!r)
        r = vfs_remove(dir, path, directory);
    if (!r)
        px_removed(path, asked);
    return r;
}

int unlink(const char *path)
{
    return (int)px_result(remove_in(AT_FDCWD, path, false));
}

int unlinkat(int dir, const char *path, int flags)
{
    return (int)px_result(only(flags, AT_REMOVEDIR) ? remove_in(dir, path, flags & AT_REMOVEDIR) : -EINVAL);
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

int mkdirat(int fd, const char *path, mode_t mode)
{
    vfs_file_t dir;
    int r = px_dir_of(fd, path, &dir);
    if (!r)
        r = vfs_make(dir, path, (uint32_t)(mode & 07777 & ~mask));
    px_named(path, false);
    return (int)px_result(r);
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

/* ---- Two names ---- */

typedef int two_names(vfs_file_t from_dir, const char *from, vfs_file_t to_dir, const char *to);

static int two_paths(int from_fd, const char *from, int to_fd, const char *to, two_names *what)
{
    vfs_file_t from_dir, to_dir;
    int r = px_dir_of(from_fd, from, &from_dir);
    if (!r)
        r = px_dir_of(to_fd, to, &to_dir);
    if (!r)
        r = what(from_dir, from, to_dir, to);
    px_named(to, false);
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
    return flags ? (int)px_result(-EINVAL) : two_paths(from_dir, from, to_dir, to, vfs_link);
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
    px_named(path, false);
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

/* ---- Sizes, modes, times ---- */

/* A reference to an open file of the file system; *r says what is wrong. */
static struct px_file *file_get(int fd, int *r)
{
    px_flush();
    struct px_file *f = px_get(fd);
    *r = !f ? -EBADF : px_is_file(f) ? 0 : -EINVAL;
    if (f && *r) {
        px_put(f);
        f = NULL;
    }
    return f;
}

static int change_fd(int fd, uint32_t what, uint64_t value, int64_t accessed, int64_t modified)
{
    int r;
    struct px_file *f = file_get(fd, &r);
    if (f) {
        r = vfs_change(px_handle(f), what, value, accessed, modified);
        px_changed();
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
    px_changed();
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
    if (offset < 0 || size <= 0)
        return EINVAL;
    struct px_file *f = file_get(fd, &r);
    if (f) {
        r = vfs_allocate(px_handle(f), (uint64_t)offset, (uint64_t)size);
        px_changed();
        px_put(f);
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

static int own(int r, uid_t owner, gid_t group)
{
    bool same = (owner == 0 || owner == (uid_t)-1) && (group == 0 || group == (gid_t)-1);
    return r ? r : (int)px_result(same ? 0 : -EPERM); /* there is only user 0 */
}

int chown(const char *path, uid_t owner, gid_t group)
{
    struct stat st;
    return own(stat(path, &st), owner, group);
}

int lchown(const char *path, uid_t owner, gid_t group)
{
    struct stat st;
    return own(lstat(path, &st), owner, group);
}

int fchown(int fd, uid_t owner, gid_t group)
{
    return own(px_peek(fd) ? 0 : (int)px_result(-EBADF), owner, group);
}

mode_t umask(mode_t new)
{
    mode_t old = mask;
    mask = new & 0777;
    return old;
}

/* What vfs_change() shall do for the two times: *what and ns each. */
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
        ns[i] += times[i].tv_nsec;
    }
    return 0;
}

int utimensat(int dir, const char *path, const struct timespec times[2], int flags)
{
    uint32_t what;
    int64_t ns[2];
    int r = only(flags, AT_SYMLINK_NOFOLLOW) ? times_in(times, &what, ns) : -EINVAL;
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

/* ---- To where it is safe ---- */

static int sync_fd(int fd, bool data_only)
{
    int r;
    struct px_file *f = file_get(fd, &r);
    if (f) {
        r = px_file_error(f);
        if (!r && !(px_file_is(f) & VFS_IN_MEMORY))
            r = vfs_sync(px_handle(f), data_only);
        px_put(f);
    }
    return (int)px_result(r);
}

int fsync(int fd)
{
    return sync_fd(fd, false);
}

int fdatasync(int fd)
{
    return sync_fd(fd, true);
}

void sync(void)
{
    /* Only fsync() promises to wait; the host writes all of it in time. */
}

/* ---- Current directory ---- */

int chdir(const char *path)
{
    vfs_file_t dir;
    int r = px_here(&dir);
    if (!r)
        r = vfs_open(dir, path, VFS_O_PATH | O_DIRECTORY, 0, &dir);
    return (int)px_result(r ? r : px_go(dir));
}

int fchdir(int fd)
{
    vfs_file_t dir;
    int r;
    struct px_file *f = file_get(fd, &r);
    if (f) {
        r = vfs_open(px_handle(f), ".", VFS_O_PATH | O_DIRECTORY, 0, &dir);
        px_put(f);
    }
    return (int)px_result(r ? r : px_go(dir));
}

static ssize_t canonical(const char *path, char *text, size_t size)
{
    vfs_file_t dir;
    int r = px_here(&dir);
    return r ? r : vfs_canonical(dir, path, text, size < VFS_PATH_MAX ? size : VFS_PATH_MAX);
}

char *getcwd(char *buffer, size_t size)
{
    char *made = NULL;
    if (!buffer) {
        size = size ? size : VFS_PATH_MAX;
        buffer = made = malloc(size);
    }
    ssize_t r = !buffer ? -ENOMEM : size ? canonical(".", buffer, size) : -EINVAL;
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
    ssize_t r = text ? canonical(path, text, resolved ? PATH_MAX : VFS_PATH_MAX) : -ENOMEM;
    if (r > 0)
        return text;
    if (!resolved)
        free(text);
    px_result(r == -ERANGE ? -ENAMETOOLONG : r);
    return NULL;
}

/* ---- Room ---- */

static void room_out(const struct vfs_room *from, struct statvfs *to)
{
    *to = (struct statvfs){.f_bsize = from->size_of_block,
                           .f_frsize = from->size_of_block,
                           .f_blocks = from->blocks,
                           .f_bfree = from->free,
                           .f_bavail = from->available,
                           .f_files = from->files,
                           .f_ffree = from->free_files,
                           .f_favail = from->free_files,
                           .f_flag = from->read_only ? ST_RDONLY : 0,
                           .f_namemax = from->name_max};
}

int statvfs(const char *path, struct statvfs *st)
{
    vfs_file_t dir, file;
    struct vfs_room room;
    int r = px_here(&dir);
    if (!r)
        r = vfs_open(dir, path, VFS_O_PATH, 0, &file);
    if (r)
        return (int)px_result(r);
    r = vfs_room(file, &room);
    vfs_close(file);
    if (!r)
        room_out(&room, st);
    return (int)px_result(r);
}

int fstatvfs(int fd, struct statvfs *st)
{
    struct vfs_room room;
    int r;
    struct px_file *f = file_get(fd, &r);
    if (f) {
        r = vfs_room(px_handle(f), &room);
        px_put(f);
    }
    if (!r)
        room_out(&room, st);
    return (int)px_result(r);
}

static int as_statfs(int r, const struct statvfs *from, struct statfs *to)
{
    if (r == 0)
        *to = (struct statfs){.f_bsize = (long)from->f_bsize,
                              .f_frsize = (long)from->f_frsize,
                              .f_namelen = (long)from->f_namemax,
                              .f_flags = (long)from->f_flag,
                              .f_blocks = from->f_blocks,
                              .f_bfree = from->f_bfree,
                              .f_bavail = from->f_bavail,
                              .f_files = from->f_files,
                              .f_ffree = from->f_ffree};
    return r;
}

int statfs(const char *path, struct statfs *st)
{
    struct statvfs room;
    return as_statfs(statvfs(path, &room), &room, st);
}

int fstatfs(int fd, struct statfs *st)
{
    struct statvfs room;
    return as_statfs(fstatvfs(fd, &room), &room, st);
}
