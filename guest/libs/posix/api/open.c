/* Opening and creating files, and the mode mask of new ones.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../fd/file.h"

static mode_t mask = 022;

/* Returns the descriptor for /dev/stdin, /dev/stdout, /dev/stderr or /dev/fd/N, and -1 for another name. */
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

/* Duplicates `fd`. Unlike on Linux the file is not opened again: the flags and the offset are shared. */
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

int mkdirat(int fd, const char *path, mode_t mode)
{
    vfs_file_t dir;
    int r = px_dir_of(fd, path, &dir);
    if (!r)
        r = vfs_make(dir, path, (uint32_t)(mode & 07777 & ~mask));
    px_name_made(path, false);
    return (int)px_result(r);
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

mode_t umask(mode_t new)
{
    mode_t old = mask;
    mask = new & 0777;
    return old;
}
