/* Listening sockets that rest when a connection cannot be taken.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/base/acceptor.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

#include "vmm/base/clock.h"

#define REST_NS (CLOCK_SECOND / 5)

static bool lacks_resources(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

bool acceptor_may_retry(int error)
{
    return lacks_resources(error) || error == EINTR || error == EAGAIN || error == ECONNABORTED;
}

static void on_rested(void *argument)
{
    struct acceptor *a = argument;
    loop_change(a->loop, &a->source, POLLIN);
}

void acceptor_open(struct acceptor *a, struct loop *l, int fd, void (*function)(void *argument, short revents),
                   void *argument)
{
    *a = (struct acceptor){.loop = l, .fd = fd, .rest = {.function = on_rested, .argument = a}};
    loop_add(l, &a->source, fd, POLLIN, function, argument);
}

void acceptor_close(struct acceptor *a)
{
    if (!loop_has(&a->source))
        return;
    loop_remove(a->loop, &a->source);
    loop_timer_set(a->loop, &a->rest, 0);
}

int acceptor_take(struct acceptor *a, int flags)
{
    int fd = accept4(a->fd, NULL, NULL, flags);
    if (fd < 0 && lacks_resources(errno)) {
        int error = errno;
        loop_change(a->loop, &a->source, 0);
        loop_timer_set(a->loop, &a->rest, clock_ns() + REST_NS);
        errno = error;
    }
    return fd;
}
