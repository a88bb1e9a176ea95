/* Readiness: watching files, and reads and writes that block.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include "../px.h"

unsigned px_poll(struct px_file *f)
{
    return f->ops->poll ? f->ops->poll(f) : POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
}

void px_watch_add(struct px_file *f, struct px_watch *w)
{
    w->next = f->watches;
    w->link = &f->watches;
    if (w->next)
        w->next->link = &w->next;
    f->watches = w;
}

void px_watch_remove(struct px_watch *w)
{
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
}

void px_notify(struct px_file *f)
{
    if (f->waiters)
        px_wake(f, UINT32_MAX);
    if (!f->watches)
        return;
    unsigned now = px_poll(f);
    for (struct px_watch *w = f->watches, *next; w; w = next) {
        next = w->next;
        w->fire(w, now);
    }
}

int px_wait_ready(struct px_file *f, unsigned events, uint64_t deadline)
{
    events |= POLLERR | POLLHUP;
    while (!(px_poll(f) & events)) {
        f->waiters++;
        int r = px_block(f, deadline);
        f->waiters--;
        if (r && r != PX_RESTART)
            return r == -ETIMEDOUT ? -EAGAIN : r;
    }
    return 0;
}

static uint64_t timeout_limit(uint64_t timeout)
{
    return timeout ? px_deadline(timeout) : PX_FOREVER;
}

ssize_t px_read(struct px_file *f, const struct iovec *iov, int n)
{
    if (!f->ops->read || (f->flags & O_ACCMODE) == O_WRONLY)
        return -EBADF;
    uint64_t deadline = 0;
    for (;;) {
        ssize_t got = f->ops->read(f, iov, n);
        if (got != -EAGAIN || f->flags & O_NONBLOCK)
            return got;
        if (!deadline)
            deadline = timeout_limit(f->read_timeout);
        int r = px_wait_ready(f, POLLIN, deadline);
        if (r)
            return r;
    }
}

/* Advances a position in iov[n], which is `*offset` bytes into iov[*i], by `size` bytes. */
static void advance_iovec(const struct iovec *iov, int n, int *i, size_t *offset, size_t size)
{
    *offset += size;
    while (*i < n && *offset >= iov[*i].iov_len)
        *offset -= iov[(*i)++].iov_len;
}

ssize_t px_write_to(struct px_file *f, const struct iovec *iov, int n, const struct px_sink *sink)
{
    size_t size = px_iov_size(iov, n), done = 0, offset = 0;
    uint64_t deadline = 0;
    for (int i = 0;;) {
        struct iovec part = {0};
        if (offset)
            part = (struct iovec){(char *)iov[i].iov_base + offset, iov[i].iov_len - offset};
        ssize_t put = offset ? sink->put(f, &part, 1, sink) : sink->put(f, iov + i, n - i, sink);
        if (put >= 0) {
            done += (size_t)put;
            advance_iovec(iov, n, &i, &offset, (size_t)put);
            if (done >= size || !sink->wait)
                return (ssize_t)done;
            continue;
        }
        if (put == -EPIPE && !sink->quiet)
            px_signal(SIGPIPE);
        if (put != -EAGAIN || !sink->wait)
            return done ? (ssize_t)done : put;
        if (!deadline)
            deadline = timeout_limit(f->write_timeout);
        int r = px_wait_ready(f, POLLOUT, deadline);
        if (r)
            return done ? (ssize_t)done : r;
    }
}

static ssize_t put_plain(struct px_file *f, const struct iovec *iov, int n, const struct px_sink *sink)
{
    (void)sink;
    return f->ops->write(f, iov, n);
}

ssize_t px_write(struct px_file *f, const struct iovec *iov, int n)
{
    struct px_sink plain = {put_plain, !(f->flags & O_NONBLOCK), false};
    if (!f->ops->write || (f->flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    return px_write_to(f, iov, n, &plain);
}
