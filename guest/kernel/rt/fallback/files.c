/* Files where no library offers any: standard input and output.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fallback.h"

static long errno_result(long value)
{
    if (value >= 0)
        return value;
    errno = (int)-value; /* the values that the VMM gives are below 35: Linux's and picolibc's agree there */
    return -1;
}

FALLBACK ssize_t read(int fd, void *buf, size_t n)
{
    if (fd != BH_STDIN)
        return errno_result(-EBADF);
    return n ? errno_result(bh_core()->read(BH_STDIN, buf, n)) : 0;
}

FALLBACK ssize_t write(int fd, const void *buf, size_t n)
{
    if (fd != BH_STDOUT && fd != BH_STDERR)
        return errno_result(-EBADF);
    if (!n)
        return 0;
    if (bh_self()->flags & BH_COMPARTMENT_DEFAULT)
        return errno_result(bh_core()->write((enum bh_stream)fd, buf, n));
    bh_core()->log(bh_gates.compartment, buf, n); /* a library's prints go to the console */
    return (ssize_t)n;
}

FALLBACK off_t lseek(int fd, off_t offset, int whence)
{
    (void)offset, (void)whence;
    return errno_result(fd >= 0 && fd <= BH_STDERR ? -ESPIPE : -EBADF);
}

FALLBACK int fstat(int fd, struct stat *st)
{
    if (fd < 0 || fd > BH_STDERR)
        return (int)errno_result(-EBADF);
    *st = (struct stat){.st_mode = S_IFCHR | 0600, .st_blksize = 4096};
    return 0;
}

FALLBACK int isatty(int fd)
{
    bool stream = fd >= 0 && fd <= BH_STDERR;
    if (stream && bh_boot()->flags & BH_BOOT_TTY(fd))
        return 1;
    errno = stream ? ENOTTY : EBADF;
    return 0;
}

FALLBACK int close(int fd)
{
    return fd >= 0 && fd <= BH_STDERR ? 0 : (int)errno_result(-EBADF);
}

FALLBACK int open(const char *path, int flags, ...)
{
    (void)path, (void)flags;
    return (int)errno_result(-ENOSYS);
}

FALLBACK int unlink(const char *path)
{
    (void)path;
    return (int)errno_result(-ENOSYS);
}

FALLBACK int stat(const char *restrict path, struct stat *restrict st)
{
    (void)path, (void)st;
    return (int)errno_result(-ENOSYS);
}
