/* Files by name.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

#include <bh/bulkhead.h>
#include <bh/core.h>

#include "../ramfs/file.h"

static mode_t mask = 022;

/* In the application's image (scripts/pack_files.py), or empty (guest/kernel/rt/fallback). */
extern const unsigned char bh_files[];
extern const unsigned long bh_files_size;

__attribute__((constructor)) static void fill(void)
{
    int r = rf_seed(bh_files, bh_files_size);
    if (r)
        bh_panic("the application's files cannot be unpacked: %s", strerror(-r));
}

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list args;
        va_start(args, flags);
        mode = va_arg(args, mode_t) & ~mask;
        va_end(args);
    }
    struct rf_node *n;
    struct px_file *f;
    int r = rf_open(path, flags, mode, &n);
    if (!r)
        r = rf_open_file(n, flags, &f);
    return (int)px_result(r ? r : px_open_fd(f, 0, flags & O_CLOEXEC));
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
    if (dir != AT_FDCWD && *path != '/')
        return (int)px_result(-ENOSYS);
    return open(path, flags, mode);
}

int stat(const char *restrict path, struct stat *restrict st)
{
    struct rf_node *n;
    int r = rf_lookup(path, &n);
    if (r)
        return (int)px_result(r);
    rf_stat(n, st);
    rf_put(n);
    return 0;
}

int lstat(const char *restrict path, struct stat *restrict st)
{
    return stat(path, st); /* there are no symbolic links */
}

int access(const char *path, int mode)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return -1;
    bool executable = S_ISDIR(st.st_mode) || st.st_mode & 0111;
    return mode & X_OK && !executable ? (int)px_result(-EACCES) : 0;
}

int unlink(const char *path)
{
    return (int)px_result(rf_remove(path, false));
}

int rmdir(const char *path)
{
    return (int)px_result(rf_remove(path, true));
}

int remove(const char *path)
{
    int r = rf_remove(path, false);
    return (int)px_result(r == -EISDIR ? rf_remove(path, true) : r);
}

int mkdir(const char *path, mode_t mode)
{
    struct rf_node *n;
    int r = rf_create(path, S_IFDIR | (mode & 07777 & ~mask), &n);
    if (!r)
        rf_put(n);
    return (int)px_result(r);
}

int rename(const char *from, const char *to)
{
    return (int)px_result(rf_rename(from, to));
}

int link(const char *from, const char *to)
{
    return (int)px_result(rf_hardlink(from, to));
}

int symlink(const char *to, const char *path)
{
    (void)to, (void)path;
    return (int)px_result(-ENOSYS);
}

ssize_t readlink(const char *restrict path, char *restrict buffer, size_t size)
{
    struct stat st;
    (void)buffer, (void)size;
    return stat(path, &st) != 0 ? -1 : (ssize_t)px_result(-EINVAL);
}

/* ---- Sizes, modes, times ---- */

int truncate(const char *path, off_t size)
{
    struct rf_node *n;
    int r = size < 0 ? -EINVAL : rf_lookup(path, &n);
    if (r)
        return (int)px_result(r);
    r = S_ISDIR(n->mode) ? -EISDIR : rf_truncate(n, (uint64_t)size);
    rf_put(n);
    return (int)px_result(r);
}

/* The node that an open descriptor refers to; *r says what is wrong. */
static struct rf_node *node_of(int fd, int *r)
{
    struct px_file *f = px_peek(fd);
    struct rf_node *n = f ? rf_node_of(f) : NULL;
    *r = !f ? -EBADF : !n ? -EINVAL : 0;
    return n;
}

int ftruncate(int fd, off_t size)
{
    int r;
    struct rf_node *n = node_of(fd, &r);
    if (!r && (size < 0 || !S_ISREG(n->mode) || (px_peek(fd)->flags & O_ACCMODE) == O_RDONLY))
        r = -EINVAL;
    return (int)px_result(r ? r : rf_truncate(n, (uint64_t)size));
}

int posix_fallocate(int fd, off_t offset, off_t size)
{
    int r;
    struct rf_node *n = node_of(fd, &r);
    if (r)
        return -r;
    if (offset < 0 || size <= 0 || !S_ISREG(n->mode))
        return EINVAL;
    uint64_t end = (uint64_t)offset + (uint64_t)size;
    return end > n->size ? -rf_truncate(n, end) : 0; /* blocks come when they are written */
}

int posix_fadvise(int fd, off_t offset, off_t size, int advice)
{
    (void)offset, (void)size, (void)advice;
    return px_peek(fd) ? 0 : EBADF;
}

static int set_mode(struct rf_node *n, mode_t mode)
{
    n->mode = (n->mode & S_IFMT) | (mode & 07777);
    rf_touch(n, false);
    return 0;
}

int chmod(const char *path, mode_t mode)
{
    struct rf_node *n;
    int r = rf_lookup(path, &n);
    if (r)
        return (int)px_result(r);
    set_mode(n, mode);
    rf_put(n);
    return 0;
}

int fchmod(int fd, mode_t mode)
{
    int r;
    struct rf_node *n = node_of(fd, &r);
    return (int)px_result(r ? r : set_mode(n, mode));
}

int chown(const char *path, uid_t owner, gid_t group)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return -1;
    bool same = (owner == 0 || owner == (uid_t)-1) && (group == 0 || group == (gid_t)-1);
    return (int)px_result(same ? 0 : -EPERM); /* there is only user 0 */
}

int fchown(int fd, uid_t owner, gid_t group)
{
    int r;
    node_of(fd, &r);
    bool same = (owner == 0 || owner == (uid_t)-1) && (group == 0 || group == (gid_t)-1);
    return (int)px_result(r ? r : same ? 0 : -EPERM);
}

mode_t umask(mode_t new)
{
    mode_t old = mask;
    mask = new & 0777;
    return old;
}

static void set_time(struct rf_node *n, const struct timespec *modified)
{
    rf_touch(n, true);
    if (modified)
        n->modified = *modified;
}

int utimes(const char *path, const struct timeval times[2])
{
    struct rf_node *n;
    int r = rf_lookup(path, &n);
    if (r)
        return (int)px_result(r);
    struct timespec t = {0};
    if (times)
        t = (struct timespec){times[1].tv_sec, times[1].tv_usec * 1000};
    set_time(n, times ? &t : NULL);
    rf_put(n);
    return 0;
}

int utime(const char *path, const struct utimbuf *times)
{
    struct timeval both[2] = {{0}, {0}};
    if (times)
        both[1].tv_sec = times->modtime;
    return utimes(path, times ? both : NULL);
}

int futimens(int fd, const struct timespec times[2])
{
    int r;
    struct rf_node *n = node_of(fd, &r);
    if (!r)
        set_time(n, times ? &times[1] : NULL);
    return (int)px_result(r);
}

/* ---- Memory is all there is to be in step with ---- */

int fsync(int fd)
{
    return (int)px_result(px_peek(fd) ? 0 : -EBADF);
}

int fdatasync(int fd)
{
    return fsync(fd);
}

void sync(void)
{
}

/* ---- Current directory ---- */

int chdir(const char *path)
{
    return (int)px_result(rf_chdir(path));
}

int fchdir(int fd)
{
    int r;
    struct rf_node *n = node_of(fd, &r);
    return (int)px_result(r ? r : rf_chdir_node(n));
}

char *getcwd(char *buffer, size_t size)
{
    char *made = NULL;
    if (!buffer) {
        size = size ? size : RF_PATH_MAX;
        buffer = made = malloc(size);
    }
    int r = !buffer ? -ENOMEM : size ? rf_cwd(buffer, size) : -EINVAL;
    if (!r)
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
    struct rf_node *n;
    char before[RF_PATH_MAX], text[RF_PATH_MAX];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    int r = rf_lookup(path, &n);
    if (r) {
        px_result(r);
        return NULL;
    }
    bool directory = S_ISDIR(n->mode);
    rf_put(n);
    /* Go to the directory and ask where that is. */
    char folder[RF_PATH_MAX];
    snprintf(folder, sizeof(folder), "%.*s", directory ? (int)strlen(path) : (int)(name - path), path);
    r = rf_cwd(before, sizeof(before));
    if (!r && *folder)
        r = rf_chdir(folder);
    if (!r)
        r = rf_cwd(text, sizeof(text));
    rf_chdir(before);
    size_t length = strlen(text);
    if (!r && !directory && length + strlen(name) + 2 > sizeof(text))
        r = -ENAMETOOLONG;
    if (!r && !directory)
        sprintf(text + length, "%s%s", length > 1 ? "/" : "", name);
    if (r) {
        px_result(r);
        return NULL;
    }
    return resolved ? strcpy(resolved, text) : strdup(text);
}

/* ---- Room ---- */

int statvfs(const char *path, struct statvfs *st)
{
    struct stat unused;
    if (stat(path, &unused) != 0)
        return -1;
    const struct bh_boot_compartment *c =
        (const void *)((const char *)bh_boot() + bh_boot()->compartments_off);
    while (c->index != bh_gates.compartment)
        c++;
    unsigned long blocks = c->heap_size / RF_BLOCK;
    *st = (struct statvfs){.f_bsize = RF_BLOCK, .f_frsize = RF_BLOCK, .f_blocks = blocks, .f_bfree = blocks,
                           .f_bavail = blocks, .f_namemax = RF_NAME_MAX};
    return 0;
}

int fstatvfs(int fd, struct statvfs *st)
{
    int r;
    node_of(fd, &r);
    return r ? (int)px_result(r) : statvfs("/", st);
}
