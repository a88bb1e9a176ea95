/* poll(), select() and epoll as applications call them.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>

#include "../thread/thread.h"

static uint64_t of_ms(int timeout)
{
    return timeout < 0 ? PX_FOREVER : timeout ? px_deadline((uint64_t)timeout * 1000000) : 0;
}

/* Converts a time-out to 0 (do not wait), a deadline, or PX_FOREVER. *bad: it is not a valid time. */
static uint64_t of_timespec(const struct timespec *t, bool *bad)
{
    *bad = t && (t->tv_sec < 0 || t->tv_nsec < 0 || t->tv_nsec >= 1000000000);
    if (!t || *bad)
        return PX_FOREVER;
    uint64_t ns = (uint64_t)t->tv_sec * 1000000000 + (uint64_t)t->tv_nsec;
    return ns ? px_deadline(ns) : 0;
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    return (int)px_result(px_poll_fds(fds, n, of_ms(timeout)));
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
    bool bad;
    uint64_t deadline = of_timespec(timeout, &bad);
    sigset_t old;
    if (bad)
        return (int)px_result(-EINVAL);
    if (mask)
        pthread_sigmask(SIG_SETMASK, mask, &old);
    int r = px_poll_fds(fds, n, deadline);
    if (mask)
        pthread_sigmask(SIG_SETMASK, &old, NULL);
    return (int)px_result(r);
}

/* ---- select() ---- */

static bool is_in_set(const fd_set *set, int fd)
{
    return set && FD_ISSET(fd, set);
}

static size_t to_pollfds(struct pollfd *list, int n, fd_set *r, fd_set *w, fd_set *e)
{
    size_t used = 0;
    for (int fd = 0; fd < n; fd++) {
        short events = (short)((is_in_set(r, fd) ? POLLIN : 0) | (is_in_set(w, fd) ? POLLOUT : 0) |
                               (is_in_set(e, fd) ? POLLPRI : 0));
        if (events)
            list[used++] = (struct pollfd){fd, events, 0};
    }
    return used;
}

/* Keeps the bit of a descriptor in `set` if it was asked for and the event has occurred. */
static int keep_ready(fd_set *set, const struct pollfd *p, short asked, short any)
{
    if (!set || !(p->events & asked))
        return 0;
    if (p->revents & any)
        return 1;
    FD_CLR(p->fd, set);
    return 0;
}

static int from_pollfds(const struct pollfd *list, size_t n, fd_set *r, fd_set *w, fd_set *e)
{
    int bits = 0;
    for (size_t i = 0; i < n; i++) {
        if (list[i].revents & POLLNVAL)
            return -EBADF;
        bits += keep_ready(r, &list[i], POLLIN, POLLIN | POLLHUP | POLLERR);
        bits += keep_ready(w, &list[i], POLLOUT, POLLOUT | POLLERR);
        bits += keep_ready(e, &list[i], POLLPRI, POLLPRI);
    }
    return bits;
}

static int select_until(int n, fd_set *r, fd_set *w, fd_set *e, uint64_t deadline)
{
    if (n < 0 || n > FD_SETSIZE)
        return (int)px_result(-EINVAL);
    struct pollfd *list = malloc((size_t)(n ? n : 1) * sizeof(*list));
    if (!list)
        return (int)px_result(-ENOMEM);
    size_t used = to_pollfds(list, n, r, w, e);
    int result = px_poll_fds(list, used, deadline);
    if (result >= 0)
        result = from_pollfds(list, used, r, w, e);
    free(list);
    return (int)px_result(result);
}

int select(int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *timeout)
{
    bool bad = false;
    struct timespec t = {0};
    if (timeout) {
        bad = timeout->tv_usec < 0 || timeout->tv_usec >= 1000000;
        t = (struct timespec){timeout->tv_sec, timeout->tv_usec * 1000};
    }
    uint64_t deadline = bad ? 0 : of_timespec(timeout ? &t : NULL, &bad);
    return bad ? (int)px_result(-EINVAL) : select_until(n, r, w, e, deadline);
}

int pselect(int n, fd_set *r, fd_set *w, fd_set *e, const struct timespec *timeout, const sigset_t *mask)
{
    bool bad;
    uint64_t deadline = of_timespec(timeout, &bad);
    sigset_t old;
    if (bad)
        return (int)px_result(-EINVAL);
    if (mask)
        pthread_sigmask(SIG_SETMASK, mask, &old);
    int result = select_until(n, r, w, e, deadline);
    if (mask)
        pthread_sigmask(SIG_SETMASK, &old, NULL);
    return result;
}

/* ---- epoll ---- */

int epoll_create1(int flags)
{
    struct px_file *f;
    if (flags & ~EPOLL_CLOEXEC)
        return (int)px_result(-EINVAL);
    int r = px_epoll_create(&f);
    return (int)px_result(r ? r : px_open_fd(f, 0, flags & EPOLL_CLOEXEC));
}

int epoll_create(int size)
{
    return size > 0 ? epoll_create1(0) : (int)px_result(-EINVAL);
}

int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
    struct px_file *epoll = px_peek(epfd), *target = px_peek(fd);
    if (!epoll || !target)
        return (int)px_result(-EBADF);
    if (!event && op != EPOLL_CTL_DEL)
        return (int)px_result(-EFAULT);
    return (int)px_result(px_epoll_ctl(epoll, op, fd, target, event));
}

int epoll_wait(int epfd, struct epoll_event *events, int max, int timeout)
{
    struct px_file *epoll = px_get(epfd);
    if (!epoll)
        return (int)px_result(-EBADF);
    int r = px_epoll_wait(epoll, events, max, of_ms(timeout));
    px_put(epoll);
    return (int)px_result(r);
}

int epoll_pwait(int epfd, struct epoll_event *events, int max, int timeout, const sigset_t *mask)
{
    sigset_t old;
    if (mask)
        pthread_sigmask(SIG_SETMASK, mask, &old);
    int r = epoll_wait(epfd, events, max, timeout);
    if (mask)
        pthread_sigmask(SIG_SETMASK, &old, NULL);
    return r;
}
