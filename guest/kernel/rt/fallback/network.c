/* The network where no gate leads to guest/libs/lwip: there is none.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include <net/net.h>

#include "fallback.h"

FALLBACK int net_socket(int family, int type, int protocol, net_socket_t *s, uint32_t *index)
{
    (void)family, (void)type, (void)protocol, (void)s, (void)index;
    return -EAFNOSUPPORT;
}

FALLBACK int net_resolve(const char *name, int family, struct net_address *list, uint32_t max)
{
    (void)name, (void)family, (void)list, (void)max;
    return -EAFNOSUPPORT;
}

FALLBACK int net_table(struct net_table **table)
{
    (void)table;
    return -ENOBUFS;
}

FALLBACK uint32_t net_events_wait(uint32_t seen, uint64_t timeout)
{
    (void)seen, (void)timeout;
    return 0;
}

FALLBACK int net_interface(struct net_interface *info)
{
    (void)info;
    return -ENETDOWN;
}

#pragma GCC diagnostic ignored "-Wunused-parameter"

/* There is no socket that the others could be called with. */
#define NONE(type, name, ...)       \
    FALLBACK type name(__VA_ARGS__) \
    {                               \
        return -ENETDOWN;           \
    }
NONE(ssize_t, net_recv, net_socket_t s, void *buffer, size_t size, int flags)
NONE(ssize_t, net_send, net_socket_t s, const void *buffer, size_t size, int flags)
NONE(ssize_t, net_recvfrom, net_socket_t s, void *buffer, size_t size, int flags, struct net_address *from)
NONE(ssize_t, net_sendto, net_socket_t s, const void *buffer, size_t size, int flags, const struct net_address *to)
NONE(int, net_lane_open, net_lane_t *lane, struct net_lane **shared)
NONE(int, net_lane_close, net_lane_t lane)
NONE(int, net_attach, net_lane_t lane, net_socket_t s, uint32_t *index)
NONE(int, net_lane_run, net_lane_t lane)
NONE(int, net_lane_wait, net_lane_t lane)
NONE(int, net_wait, net_socket_t s, uint32_t events, uint64_t timeout)
NONE(int, net_close, net_socket_t s)
NONE(int, net_bind, net_socket_t s, const struct net_address *address)
NONE(int, net_listen, net_socket_t s, int backlog)
NONE(int, net_accept, net_socket_t s, net_socket_t *connection, uint32_t *index, struct net_address *peer)
NONE(int, net_connect, net_socket_t s, const struct net_address *address)
NONE(int, net_shutdown, net_socket_t s, int how)
NONE(int, net_getname, net_socket_t s, int peer, struct net_address *address)
NONE(int, net_setopt, net_socket_t s, int level, int name, int64_t value)
NONE(int, net_getopt, net_socket_t s, int level, int name, int64_t *value)
