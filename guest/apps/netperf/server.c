/* Connections and their events: an ordinary server on POSIX sockets and epoll.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <net/net.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 64 * 1024, BACKLOG = 511, TURNS = 16, EVENTS = 64 };

struct connection {
    int fd;
    bool listening, echo;
    char *pending; /* echo: the rest that the last send did not take */
    size_t n_pending;
};

static int epoll = -1;
static uint32_t n_connections; /* without the listening ones */
static bool reporting;
static char buffer[BUFFER];

static int report_errno(const char *what)
{
    fprintf(stderr, "netperf: %s: %s\n", what, strerror(errno));
    return 1;
}

static bool add_connection(int fd, bool listening, bool echo)
{
    struct connection *c = malloc(sizeof(*c));
    if (!c)
        return false;
    *c = (struct connection){.fd = fd, .listening = listening, .echo = echo};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) {
        free(c);
        return false;
    }
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): epoll gives it back */
    n_connections += !listening;
    return true;
}

int server_listen(uint16_t port, bool echo)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    if (epoll < 0)
        epoll = epoll_create1(0);
    if (fd < 0 || epoll < 0)
        return report_errno("no socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, BACKLOG) || !add_connection(fd, true, echo))
        return report_errno("cannot listen");
    return 0;
}

static void accept_all(const struct connection *c)
{
    int fd, on = 1;
    while ((fd = accept4(c->fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        if (!add_connection(fd, false, c->echo))
            close(fd);
    }
}

/* Data that cannot be sent now waits for room, and nothing more is read until then. */
static void want_events(struct connection *c, unsigned events)
{
    struct epoll_event event = {.events = events, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
}

/* These return false when the connection is over. */

static bool failed_for_good(ssize_t n)
{
    return n == 0 || (n < 0 && errno != EAGAIN);
}

static bool send_back(struct connection *c, size_t size)
{
    ssize_t n = send(c->fd, buffer, size, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN)
        return false;
    size_t sent = n < 0 ? 0 : (size_t)n;
    if (sent == size)
        return true;
    if (!c->pending && !(c->pending = malloc(BUFFER)))
        return false;
    c->n_pending = size - sent;
    memcpy(c->pending, buffer + sent, c->n_pending);
    want_events(c, EPOLLOUT);
    return true;
}

static bool send_pending(struct connection *c)
{
    ssize_t n = send(c->fd, c->pending, c->n_pending, MSG_NOSIGNAL);
    if (n <= 0)
        return !failed_for_good(n);
    c->n_pending -= (size_t)n;
    memmove(c->pending, c->pending + n, c->n_pending);
    if (!c->n_pending)
        want_events(c, EPOLLIN);
    return true;
}

static bool receive_data(struct connection *c)
{
    for (int i = 0; i < TURNS && !c->n_pending; i++) {
        ssize_t n = recv(c->fd, buffer, sizeof(buffer), 0);
        if (n <= 0)
            return !failed_for_good(n);
        if (c->echo && !send_back(c, (size_t)n))
            return false;
    }
    return true;
}

static void print_report(void)
{
    struct net_interface i;
    if (net_interface(&i))
        return;
    printf(
        "netperf: idle: %lu of %lu receive buffers free, %lu data bytes, %u sockets, %u connections, %lu frames "
        "dropped\n",
        (unsigned long)i.free_receive_buffers, (unsigned long)i.receive_buffers, (unsigned long)i.data_bytes,
        (unsigned)i.sockets, (unsigned)i.connections, (unsigned long)i.dropped);
    fflush(stdout);
}

static void end_connection(struct connection *c)
{
    close(c->fd);
    free(c->pending);
    free(c);
    if (--n_connections == 0 && reporting)
        print_report();
}

int server_run(bool report)
{
    reporting = report;
    for (;;) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(epoll, events, EVENTS, -1);
        if (n < 0 && errno != EINTR)
            return report_errno("epoll_wait");
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (c->listening)
                accept_all(c);
            else if (!(c->n_pending ? send_pending(c) : receive_data(c)))
                end_connection(c);
        }
    }
}
