/* eventfd: a counter that can be waited for.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "../px.h"

struct counter {
    struct px_file file;
    uint64_t value;
    bool semaphore; /* a read takes 1, not all */
};

static ssize_t counter_read(struct px_file *f, const struct iovec *iov, int n)
{
    struct counter *c = (struct counter *)f;
    if (n < 1 || iov[0].iov_len < sizeof(uint64_t))
        return -EINVAL;
    if (!c->value)
        return -EAGAIN;
    uint64_t got = c->semaphore ? 1 : c->value;
    c->value -= got;
    memcpy(iov[0].iov_base, &got, sizeof(got));
    px_notify(f);
    return sizeof(got);
}

static ssize_t counter_write(struct px_file *f, const struct iovec *iov, int n)
{
    struct counter *c = (struct counter *)f;
    uint64_t add;
    if (n < 1 || iov[0].iov_len < sizeof(add))
        return -EINVAL;
    memcpy(&add, iov[0].iov_base, sizeof(add));
    if (add == UINT64_MAX)
        return -EINVAL;
    if (add > UINT64_MAX - 1 - c->value)
        return -EAGAIN;
    c->value += add;
    px_notify(f);
    return sizeof(add);
}

static unsigned counter_poll(struct px_file *f)
{
    struct counter *c = (struct counter *)f;
    return (c->value ? POLLIN | POLLRDNORM : 0) | (c->value < UINT64_MAX - 1 ? POLLOUT | POLLWRNORM : 0);
}

static void counter_close(struct px_file *f)
{
    free(f);
}

static const struct px_ops ops = {
    .read = counter_read,
    .write = counter_write,
    .poll = counter_poll,
    .close = counter_close,
};

int px_eventfd(struct px_file **f, uint64_t initial, bool semaphore, int flags)
{
    struct counter *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    px_file_init(&c->file, &ops, O_RDWR | (flags & O_NONBLOCK));
    c->value = initial;
    c->semaphore = semaphore;
    *f = &c->file;
    return 0;
}
