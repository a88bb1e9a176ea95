/* Reading, writing, and what can be done with any descriptor.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../fd/file.h"

typedef ssize_t transfer(struct px_file *f, const struct iovec *iov, int n);

static ssize_t transfer_data(int fd, const struct iovec *iov, int n, transfer *how)
{
    struct px_file *f = px_get(fd);
    if (!f)
        return px_result(-EBADF);
    ssize_t r = px_iov_size(iov, n) == SIZE_MAX ? -EINVAL : how(f, iov, n);
    px_put(f);
    return px_result(r);
}

ssize_t read(int fd, void *buffer, size_t size)
{
    struct iovec iov = {buffer, size};
    return transfer_data(fd, &iov, 1, px_read);
}

ssize_t write(int fd, const void *buffer, size_t size)
{
    struct iovec iov = {(void *)buffer, size};
    return transfer_data(fd, &iov, 1, px_write);
}

ssize_t readv(int fd, const struct iovec *iov, int n)
{
    return transfer_data(fd, iov, n, px_read);
}

ssize_t writev(int fd, const struct iovec *iov, int n)
{
    return transfer_data(fd, iov, n, px_write);
}

/* Transfers at an offset. Other threads may run meanwhile with some kinds of files, so the file needs a reference. */
static ssize_t move_at(int fd, const struct iovec *iov, int n, off_t offset, bool write)
{
    struct px_file *f = px_get(fd);
    ssize_t r = -EBADF;
    if (!f)
        return px_result(r);
    ssize_t (*how)(struct px_file *, const struct iovec *, int, off_t) = write ? f->ops->pwrite : f->ops->pread;
    if ((f->flags & O_ACCMODE) != (write ? O_RDONLY : O_WRONLY))
        r = offset < 0 || px_iov_size(iov, n) == SIZE_MAX ? -EINVAL : how ? how(f, iov, n, offset) : -ESPIPE;
    px_put(f);
    return px_result(r);
}

ssize_t preadv(int fd, const struct iovec *iov, int n, off_t offset)
{
    return move_at(fd, iov, n, offset, false);
}

ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t offset)
{
    return move_at(fd, iov, n, offset, true);
}

ssize_t pread(int fd, void *buffer, size_t size, off_t offset)
{
    struct iovec iov = {buffer, size};
    return preadv(fd, &iov, 1, offset);
}

ssize_t pwrite(int fd, const void *buffer, size_t size, off_t offset)
{
    struct iovec iov = {(void *)buffer, size};
    return pwritev(fd, &iov, 1, offset);
}

off_t lseek(int fd, off_t offset, int whence)
{
    struct px_file *f = px_get(fd);
    if (!f)
        return px_result(-EBADF);
    off_t r = f->ops->seek ? f->ops->seek(f, offset, whence) : -ESPIPE;
    px_put(f);
    return px_result(r);
}

int close(int fd)
{
    return (int)px_result(px_close_fd(fd));
}

int fstat(int fd, struct stat *st)
{
    struct px_file *f = px_get(fd);
    if (!f)
        return (int)px_result(-EBADF);
    *st = (struct stat){.st_nlink = 1, .st_ino = (ino_t)(uintptr_t)f};
    int r = f->ops->stat ? f->ops->stat(f, st) : 0;
    px_put(f);
    return (int)px_result(r);
}

int isatty(int fd)
{
    const struct px_file *f = px_peek(fd);
    if (f && px_is_terminal(f))
        return 1;
    errno = f ? ENOTTY : EBADF;
    return 0;
}

char *ttyname(int fd)
{
    (void)isatty(fd); /* sets errno */
    return NULL;
}

/* ---- Descriptors ---- */

int dup(int fd)
{
    return (int)px_result(px_dup(fd, 0, false));
}

int dup3(int from, int to, int flags)
{
    if (from == to || flags & ~O_CLOEXEC)
        return (int)px_result(-EINVAL);
    return (int)px_result(px_dup2(from, to, flags & O_CLOEXEC));
}

int dup2(int from, int to)
{
    if (from == to)
        return px_peek(from) ? to : (int)px_result(-EBADF);
    return (int)px_result(px_dup2(from, to, false));
}

static int open_both(int r, struct px_file *ends[2], int fds[2], int flags)
{
    if (r)
        return (int)px_result(r);
    fds[0] = px_open_fd(ends[0], 0, flags & O_CLOEXEC);
    fds[1] = fds[0] < 0 ? (px_put(ends[1]), fds[0]) : px_open_fd(ends[1], 0, flags & O_CLOEXEC);
    if (fds[0] >= 0 && fds[1] < 0)
        px_close_fd(fds[0]);
    return (int)px_result(fds[1] < 0 ? fds[1] : 0);
}

int pipe2(int fds[2], int flags)
{
    struct px_file *ends[2];
    if (flags & ~(O_CLOEXEC | O_NONBLOCK))
        return (int)px_result(-EINVAL);
    return open_both(px_pipe(ends, flags), ends, fds, flags);
}

int pipe(int fds[2])
{
    return pipe2(fds, 0);
}

int px_socketpair_fds(int fds[2], int flags)
{
    struct px_file *ends[2];
    return open_both(px_socketpair(ends, flags), ends, fds, flags);
}

int eventfd(unsigned initial, int flags)
{
    struct px_file *f;
    if (flags & ~(EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC))
        return (int)px_result(-EINVAL);
    int r = px_eventfd(&f, initial, flags & EFD_SEMAPHORE, flags & EFD_NONBLOCK ? O_NONBLOCK : 0);
    return (int)px_result(r ? r : px_open_fd(f, 0, flags & EFD_CLOEXEC));
}

int eventfd_read(int fd, eventfd_t *value)
{
    return read(fd, value, sizeof(*value)) == sizeof(*value) ? 0 : -1;
}

int eventfd_write(int fd, eventfd_t value)
{
    return write(fd, &value, sizeof(value)) == sizeof(value) ? 0 : -1;
}

/* ---- fcntl and ioctl ---- */

int fcntl(int fd, int command, ...)
{
    va_list args;
    va_start(args, command);
    long arg = va_arg(args, long); /* an int, or a pointer */
    va_end(args);
    struct px_file *f = px_peek(fd);
    if (!f)
        return (int)px_result(-EBADF);
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return (int)px_result(px_dup(fd, (int)arg, command == F_DUPFD_CLOEXEC));
    case F_GETFD:
        return px_cloexec(fd, -1) ? FD_CLOEXEC : 0;
    case F_SETFD:
        px_cloexec(fd, arg & FD_CLOEXEC ? 1 : 0);
        return 0;
    case F_GETFL:
        return f->flags;
    case F_SETFL:
        f->flags = (f->flags & O_ACCMODE) | ((int)arg & (O_NONBLOCK | O_APPEND));
        return 0;
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
        return px_fcntl_lock(fd, command, (struct flock *)arg);
    case F_SETOWN:
        return 0; /* no SIGIO comes */
    default:
        return (int)px_result(-EINVAL);
    }
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list args;
    va_start(args, request);
    int *arg = va_arg(args, int *);
    va_end(args);
    struct px_file *f = px_peek(fd);
    if (!f)
        return (int)px_result(-EBADF);
    switch (request) {
    case FIONREAD: {
        long n = f->ops->available ? f->ops->available(f) : 0;
        *arg = n > INT_MAX ? INT_MAX : (int)n;
        return 0;
    }
    case FIONBIO:
        f->flags = *arg ? f->flags | O_NONBLOCK : f->flags & ~O_NONBLOCK;
        return 0;
    case FIOCLEX:
    case FIONCLEX:
        px_cloexec(fd, request == FIOCLEX);
        return 0;
    default:
        return (int)px_result(-ENOTTY);
    }
}
