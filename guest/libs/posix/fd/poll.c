/* Waiting for several descriptors at once: poll(), on which select() is built.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "../px.h"

enum { FEW = 32 };

/* A thread in poll(). */
struct poller {
    bool fired;
};

struct interest {
    struct px_watch watch;
    struct px_file *file;
    struct poller *poller;
    unsigned events;
};

static void fire_poller(struct px_watch *watch, unsigned now)
{
    struct interest *i = (struct interest *)watch;
    if (!(now & i->events) || i->poller->fired)
        return;
    i->poller->fired = true;
    px_wake(i->poller, 1);
}

/* Fills revents; how many are ready. */
static int look_at_files(struct pollfd *fds, size_t n)
{
    int ready = 0;
    for (size_t i = 0; i < n; i++) {
        fds[i].revents = 0;
        if (fds[i].fd < 0)
            continue;
        struct px_file *f = px_peek(fds[i].fd);
        unsigned wanted = (unsigned)(unsigned short)fds[i].events | POLLERR | POLLHUP;
        fds[i].revents = (short)(f ? px_poll(f) & wanted : POLLNVAL);
        ready += fds[i].revents != 0;
    }
    return ready;
}

static size_t watch_all(struct interest *list, struct pollfd *fds, size_t n, struct poller *poller)
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        struct px_file *f = fds[i].fd < 0 ? NULL : px_get(fds[i].fd);
        if (!f)
            continue;
        unsigned wanted = (unsigned)(unsigned short)fds[i].events | POLLERR | POLLHUP;
        list[used] = (struct interest){.watch.fire = fire_poller, .file = f, .poller = poller, .events = wanted};
        px_watch_add(f, &list[used++].watch);
    }
    return used;
}

int px_poll_fds(struct pollfd *fds, size_t n, uint64_t deadline)
{
    px_yield();
    px_net_poll();
    int ready = look_at_files(fds, n);
    if (ready || deadline == 0)
        return ready;
    struct interest few[FEW], *list = n <= FEW ? few : malloc(n * sizeof(*list));
    if (!list)
        return -ENOMEM;
    struct poller poller = {false};
    size_t used = watch_all(list, fds, n, &poller);
    int r = 0;
    while (!ready && r == 0) {
        poller.fired = false;
        r = px_interrupted(px_block(&poller, deadline));
        ready = look_at_files(fds, n);
    }
    for (size_t i = 0; i < used; i++) {
        px_watch_remove(&list[i].watch);
        px_put(list[i].file);
    }
    if (list != few)
        free(list);
    return ready || r == -ETIMEDOUT ? ready : r;
}
