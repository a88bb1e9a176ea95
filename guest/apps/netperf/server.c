/* Connections and their events.
 *
 * The readiness table lies in memory that both compartments see: looking at it costs no call. Calls that wait are one:
 * net_events_wait(), when nothing is left to do.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bh/bulkhead.h>
#include <net/net.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

enum { BUFFER = 64 * 1024, BACKLOG = 511, TURNS = 16 };

struct connection {
    struct connection *next;
    net_socket_t socket;
    uint32_t index;
    bool listening, echo;
    char *pending; /* echo: what the last send did not take */
    size_t n_pending;
};

static struct connection *connections;
static uint32_t n_connections; /* without the listening ones */
static bool reporting;
static const struct net_table *table;
static char *buffer; /* in the share: the network compartment reads and writes it in place */

static struct connection *add(net_socket_t socket, uint32_t index, bool listening, bool echo)
{
    struct connection *c = calloc(1, sizeof(*c));
    if (!c) {
        net_close(socket);
        return NULL;
    }
    *c = (struct connection){connections, socket, index, listening, echo, NULL, 0};
    connections = c;
    n_connections += !listening;
    return c;
}

static int complain(const char *what, int error)
{
    fprintf(stderr, "netperf: %s: %s\n", what, strerror(-error));
    return 1;
}

int server_listen(uint16_t port, bool echo)
{
    struct net_address any = {.family = AF_INET6, .port = port};
    net_socket_t s;
    uint32_t index;
    int r = net_socket(AF_INET6, SOCK_STREAM, 0, &s, &index);
    if (r)
        return complain("no socket", r);
    net_setopt(s, SOL_SOCKET, SO_REUSEADDR, 1);
    if ((r = net_bind(s, &any)) || (r = net_listen(s, BACKLOG))) {
        net_close(s);
        return complain("cannot listen", r);
    }
    return add(s, index, true, echo) ? 0 : complain("no memory", -ENOMEM);
}

/* These return whether something was done, so that it is worth looking again. *over: the connection has ended. */

static bool accept_one(const struct connection *c)
{
    net_socket_t s;
    uint32_t index;
    if (net_accept(c->socket, &s, &index, NULL))
        return false;
    net_setopt(s, IPPROTO_TCP, TCP_NODELAY, 1);
    add(s, index, false, c->echo);
    return true;
}

static bool send_pending(struct connection *c, bool *over)
{
    size_t size = c->n_pending < BUFFER ? c->n_pending : BUFFER;
    memcpy(buffer, c->pending, size);
    ssize_t n = net_send(c->socket, buffer, size, MSG_DONTWAIT);
    if (n <= 0) {
        *over = n != -EAGAIN;
        return false;
    }
    c->n_pending -= (size_t)n;
    memmove(c->pending, c->pending + n, c->n_pending);
    return true;
}

static bool receive(struct connection *c, bool *over)
{
    ssize_t n = net_recv(c->socket, buffer, BUFFER, MSG_DONTWAIT);
    if (n <= 0) {
        *over = n != -EAGAIN;
        return false;
    }
    if (!c->echo)
        return true;
    ssize_t sent = net_send(c->socket, buffer, (size_t)n, MSG_DONTWAIT);
    if (sent < 0 && sent != -EAGAIN) {
        *over = true;
        return false;
    }
    sent = sent < 0 ? 0 : sent;
    if (sent == n)
        return true;
    if (!c->pending && !(c->pending = malloc(BUFFER))) {
        *over = true;
        return false;
    }
    c->n_pending = (size_t)(n - sent);
    memcpy(c->pending, buffer + sent, c->n_pending);
    return true;
}

static bool serve(struct connection *c, bool *over)
{
    bool worked = false;
    for (int i = 0; i < TURNS && !*over; i++) {
        uint32_t word = table->words[c->index];
        bool did = false;
        if (c->listening)
            did = (word & NET_READABLE) && accept_one(c);
        else if (c->n_pending)
            did = (word & (NET_WRITABLE | NET_ERROR)) && send_pending(c, over);
        else if (word & (NET_READABLE | NET_ERROR))
            did = receive(c, over);
        if (!did)
            break;
        worked = true;
    }
    return worked;
}

static void print_report(void)
{
    struct net_interface i;
    if (net_interface(&i))
        return;
    printf("netperf: idle: %lu of %lu receive buffers free, %lu data bytes, %u sockets, %u connections, %lu frames dropped\n",
           (unsigned long)i.free_receive_buffers, (unsigned long)i.receive_buffers, (unsigned long)i.data_bytes,
           (unsigned)i.sockets, (unsigned)i.connections, (unsigned long)i.dropped);
    fflush(stdout);
}

static bool serve_all(void)
{
    bool worked = false;
    struct connection **link = &connections;
    while (*link) {
        struct connection *c = *link;
        bool over = false;
        worked |= serve(c, &over);
        if (!over) {
            link = &c->next;
            continue;
        }
        while (*link != c) /* new ones may have come in front */
            link = &(*link)->next;
        *link = c->next;
        net_close(c->socket);
        free(c->pending);
        free(c);
        if (--n_connections == 0 && reporting)
            print_report();
    }
    return worked;
}

int server_run(bool report)
{
    reporting = report;
    table = (const struct net_table *)(uintptr_t)net_table();
    buffer = bh_malloc_shared(BUFFER);
    if (!table || !buffer) {
        fprintf(stderr, "netperf: there is no share that this compartment and the network's both have\n");
        return 1;
    }
    for (;;) {
        uint32_t seen = table->generation;
        if (serve_all())
            continue;
        if (!net_events_wait(seen, BH_FOREVER))
            return complain("the network compartment is gone", -EPIPE);
    }
}
