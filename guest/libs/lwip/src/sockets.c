/* Sockets: their life, and the exported functions that fit both kinds.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Callers may be hostile: any handle and any pointer may be NULL. The gate has checked those that are not. */
#include <stdlib.h>
#include <string.h>

#include "socket.h"

enum {
    ADDRESS_POLL_NS = 20000000,
    SOCKET_TYPES = 10, /* that Linux knows, whether they are supported or not */
    PROTOCOLS = 262,   /* the same of IP */
};

static struct net_socket *sockets[NET_SOCKETS_MAX];
static uint32_t in_use;
static const struct net_address nowhere;       /* what callers get with an error: results are checked in any case */
static uint16_t free_indices[NET_SOCKETS_MAX]; /* a stack; filled as far as indices have been used */
static uint32_t n_free, n_ever;

struct net_socket *net_socket_at(uint32_t index)
{
    return index < NET_SOCKETS_MAX ? sockets[index] : NULL;
}

uint32_t net_sockets_in_use(void)
{
    return in_use;
}

struct net_socket *net_socket_new(uint32_t client, int family, bool datagram)
{
    if (!net_client_take(client, NET_SOCKETS))
        return NULL;
    struct net_socket *s = calloc(1, sizeof(*s));
    if (!s) {
        net_client_give(client, NET_SOCKETS);
        return NULL;
    }
    s->client = (uint16_t)client;
    s->index = n_free ? free_indices[--n_free] : (uint16_t)n_ever++;
    s->family = (uint8_t)family;
    s->datagram = datagram;
    s->option.linger = -1;
    s->option.send_buffer = TCP_SND_BUF;
    s->option.receive_buffer = TCP_WND;
    sockets[s->index] = s;
    in_use++;
    net_word_reset(s);
    return s;
}

void net_socket_free(struct net_socket *s)
{
    net_word_reset(s);
    sockets[s->index] = NULL;
    free_indices[n_free++] = s->index;
    in_use--;
    net_client_give(s->client, NET_SOCKETS);
    free(s);
}

int net_socket(int family, int type, int protocol, net_socket_t *handle, uint32_t *index)
{
    if (!handle || !index)
        return -EINVAL;
    if (family != AF_INET && family != AF_INET6)
        return -EAFNOSUPPORT;
    if (type != SOCK_STREAM && type != SOCK_DGRAM)
        return type < 0 || type > SOCKET_TYPES ? -EINVAL : -ESOCKTNOSUPPORT;
    if (protocol < 0 || protocol > PROTOCOLS)
        return -EINVAL;
    if (protocol && protocol != (type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP))
        return -EPROTONOSUPPORT;
    struct net_socket *s = net_socket_new(bh_caller(), family, type == SOCK_DGRAM);
    if (!s)
        return -ENFILE;
    /* As in other systems, an unconnected stream socket counts as hung up, and a datagram socket can send at once. */
    net_raise(s, s->datagram ? NET_WRITABLE : NET_WRITABLE | NET_HANGUP);
    *handle = s;
    *index = s->index;
    return 0;
}

int net_close(net_socket_t s)
{
    if (!s)
        return -EBADF;
    if (s->datagram)
        net_udp_close(s);
    else
        net_tcp_close(s);
    net_socket_free(s);
    net_leave();
    return 0;
}

/* Another address than those of this machine may still come by DHCP. */
static int await_address(const ip_addr_t *ip)
{
    while (!net_can_bind(ip))
        if (!net_configuring() || bh_core()->sleep(ip, ADDRESS_POLL_NS) == -ECANCELED)
            return -EADDRNOTAVAIL;
    return 0;
}

int net_bind(net_socket_t s, const struct net_address *address)
{
    if (!s)
        return -EBADF;
    ip_addr_t ip;
    if (!address)
        return -EINVAL;
    int r = net_to_ip(s, address, &ip);
    if (!r)
        r = await_address(&ip);
    if (!r) /* whose the port is may change while others run */
        r = net_port_check(s, address->port);
    if (r)
        return r;
    return s->datagram ? net_udp_bind(s, &ip, address->port) : net_tcp_bind(s, &ip, address->port);
}

int net_listen(net_socket_t s, int backlog)
{
    if (!s)
        return -EBADF;
    return s->datagram ? -EOPNOTSUPP : net_tcp_listen(s, backlog);
}

int net_accept(net_socket_t s, net_socket_t *connection, uint32_t *index, struct net_address *peer)
{
    if (!s)
        return -EBADF;
    if (s->datagram)
        return -EOPNOTSUPP;
    if (s->state != NET_LISTENING || !connection || !index)
        return -EINVAL;
    if (peer)
        *peer = nowhere;
    struct net_socket *c = s->first_accepted;
    if (!c)
        return -EAGAIN;
    s->first_accepted = c->next;
    if (--s->n_accepted == 0)
        net_lower(s, NET_READABLE);
    c->next = NULL;
    c->listener = NULL;
    *connection = c;
    *index = c->index;
    if (s->lane) {
        net_lane_join(c, s->lane);
        *index = net_lane_name(c);
    }
    if (peer)
        *peer = c->remote;
    return 0;
}

int net_connect(net_socket_t s, const struct net_address *address)
{
    if (!s)
        return -EBADF;
    ip_addr_t ip;
    if (!address)
        return -EINVAL;
    if (s->datagram)
        return net_udp_connect(s, address);
    if (address->family == AF_UNSPEC && s->state == NET_IDLE)
        return 0; /* there is nothing to disconnect */
    int r = net_to_destination(s, address, &ip);
    if (r)
        return r;
    r = net_tcp_connect(s, &ip, address->port);
    net_leave();
    return r;
}

int net_shutdown(net_socket_t s, int how)
{
    if (!s)
        return -EBADF;
    if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
        return -EINVAL;
    if (s->datagram)
        return s->state == NET_CONNECTED ? 0 : -ENOTCONN;
    int r = net_tcp_shutdown(s, how);
    net_leave();
    return r;
}

ssize_t net_recvfrom(net_socket_t s, void *buffer, size_t size, int flags, struct net_address *from)
{
    if (!s)
        return -EBADF;
    if (!buffer && size)
        return -EFAULT;
    if (from)
        *from = nowhere;
    if (s->datagram)
        return net_udp_receive(s, buffer, size, flags, from);
    if (from)
        *from = s->remote;
    return net_tcp_receive(s, buffer, size, flags);
}

ssize_t net_recv(net_socket_t s, void *buffer, size_t size, int flags)
{
    return net_recvfrom(s, buffer, size, flags, NULL);
}

ssize_t net_sendto(net_socket_t s, const void *buffer, size_t size, int flags, const struct net_address *to)
{
    if (!s)
        return -EBADF;
    if (!buffer && size)
        return -EFAULT;
    if (!s->datagram)
        return net_tcp_send(s, buffer, size, flags);
    ssize_t r = net_udp_send(s, buffer, size, to);
    net_leave();
    return r;
}

ssize_t net_send(net_socket_t s, const void *buffer, size_t size, int flags)
{
    return net_sendto(s, buffer, size, flags, NULL);
}

int net_getname(net_socket_t s, int peer, struct net_address *address)
{
    if (!s)
        return -EBADF;
    if (!address)
        return -EINVAL;
    *address = nowhere;
    if (peer) {
        if (!s->remote.family || s->reset || s->state == NET_IDLE || s->state == NET_LISTENING ||
            s->state == NET_CONNECTING)
            return -ENOTCONN;
        *address = s->remote;
        return 0;
    }
    *address = s->local;
    if (s->datagram && s->udp)
        net_from_ip(s, &s->udp->local_ip, s->udp->local_port, address);
    else if (!s->datagram && s->tcp)
        net_from_ip(s, &s->tcp->local_ip, s->tcp->local_port, address);
    address->family = s->family;
    return 0;
}
