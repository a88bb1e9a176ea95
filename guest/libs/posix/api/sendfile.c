/* sendfile(): from a file to anything that can be written to, by way of a buffer that file system and network both
 * reach.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "../net/net_socket.h"

/* Copies `count` bytes, or fewer at the end of the file or when the receiver takes no more. */
static ssize_t copy_file(struct px_file *to, struct px_file *from, off_t offset, size_t count, char *buffer)
{
    size_t done = 0;
    while (done < count) {
        struct iovec part = {buffer, count - done < PX_BOUNCE_SIZE ? count - done : PX_BOUNCE_SIZE};
        if (to->flags & O_NONBLOCK && to->ops->poll && !(px_poll(to) & (POLLOUT | POLLERR | POLLHUP)))
            return done ? (ssize_t)done : -EAGAIN; /* never read more than can be sent */
        ssize_t got = from->ops->pread(from, &part, 1, offset + (off_t)done);
        if (got <= 0)
            return done ? (ssize_t)done : got;
        if ((size_t)got > part.iov_len)
            return done ? (ssize_t)done : -EIO;
        part.iov_len = (size_t)got;
        ssize_t put = px_write(to, &part, 1);
        if (put <= 0)
            return done ? (ssize_t)done : put;
        done += (size_t)put;
        if (put < got)
            break;
    }
    return (ssize_t)done;
}

static ssize_t send_from(struct px_file *to, struct px_file *from, off_t *offset, size_t count)
{
    if (!from->ops->pread || (from->flags & O_ACCMODE) == O_WRONLY || count > SSIZE_MAX)
        return -EINVAL;
    off_t at = offset ? *offset : from->ops->seek(from, 0, SEEK_CUR);
    if (at < 0)
        return offset ? -EINVAL : at;
    char *staged = px_bounce_take(), *buffer = staged ? staged : malloc(PX_BOUNCE_SIZE);
    ssize_t done = buffer ? copy_file(to, from, at, count, buffer) : -ENOMEM;
    if (staged)
        px_bounce_give(staged);
    else
        free(buffer);
    if (done > 0 && offset)
        *offset = at + done;
    else if (done > 0)
        from->ops->seek(from, at + done, SEEK_SET);
    return done;
}

ssize_t sendfile(int out, int in, off_t *offset, size_t count)
{
    struct px_file *to = px_get(out), *from = px_get(in);
    ssize_t r = to && from ? send_from(to, from, offset, count) : -EBADF;
    if (to)
        px_put(to);
    if (from)
        px_put(from);
    return px_result(r);
}
