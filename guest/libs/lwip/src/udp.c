/* UDP sockets.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "socket.h"

enum { DATAGRAM_MAX = 65507, OVERHEAD = 512 /* bytes that a smaller datagram counts as */ };

static void on_receive(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *ip, u16_t port)
{
    struct net_socket *s = arg;
    (void)pcb;
    uint32_t cost = p->tot_len + OVERHEAD;
    if (!net_may_keep(s) || s->received + cost > (uint32_t)s->option.receive_buffer) {
        pbuf_free(p);
        return;
    }
    struct datagram *d = malloc(sizeof(*d));
    if (!d) {
        pbuf_free(p);
        return;
    }
    d->next = NULL;
    d->p = net_keep(s, p);
    net_from_ip(s, ip, port, &d->from);
    if (s->first_datagram)
        s->last_datagram->next = d;
    else
        s->first_datagram = d;
    s->last_datagram = d;
    s->received += cost;
    net_raise(s, NET_READABLE);
}

static int need_pcb(struct net_socket *s)
{
    if (s->udp)
        return 0;
    uint8_t type = s->family == AF_INET ? IPADDR_TYPE_V4 : s->option.v6_only ? IPADDR_TYPE_V6 : IPADDR_TYPE_ANY;
    if (!net_client_take(s->client, NET_DATAGRAMS))
        return -ENOBUFS;
    s->udp = udp_new_ip_type(type);
    if (!s->udp) {
        net_client_give(s->client, NET_DATAGRAMS);
        return -ENOBUFS;
    }
    udp_recv(s->udp, on_receive, s);
    net_udp_apply_options(s);
    return 0;
}

void net_udp_apply_options(struct net_socket *s)
{
    if (!s->udp)
        return;
    if (s->option.reuse || s->option.reuse_port)
        ip_set_option(s->udp, SOF_REUSEADDR);
    else
        ip_reset_option(s->udp, SOF_REUSEADDR);
    if (s->option.broadcast)
        ip_set_option(s->udp, SOF_BROADCAST);
    else
        ip_reset_option(s->udp, SOF_BROADCAST);
    if (s->option.ttl)
        s->udp->ttl = s->option.ttl;
    s->udp->tos = s->option.tos;
}

int net_udp_bind(struct net_socket *s, const ip_addr_t *ip, uint16_t port)
{
    if (s->udp && s->udp->local_port)
        return -EINVAL;
    int r = need_pcb(s);
    if (r)
        return r;
    if (s->family == AF_INET6 && !s->option.v6_only && ip_addr_isany(ip))
        ip = IP_ANY_TYPE;
    return -net_errno(udp_bind(s->udp, ip, port ? port : net_port_choose(s)));
}

/* The pcb, with a port of its own if lwIP might choose one that belongs to another client. */
static int need_port(struct net_socket *s)
{
    int r = need_pcb(s);
    uint16_t port = r || s->udp->local_port ? 0 : net_port_choose(s);
    return port ? -net_errno(udp_bind(s->udp, &s->udp->local_ip, port)) : r;
}

int net_udp_connect(struct net_socket *s, const struct net_address *address)
{
    ip_addr_t ip;
    int r = need_port(s);
    if (r)
        return r;
    if (address->family == AF_UNSPEC) {
        udp_disconnect(s->udp);
        s->state = NET_IDLE;
        return 0;
    }
    r = net_to_destination(s, address, &ip);
    if (!r)
        r = -net_errno(udp_connect(s->udp, &ip, address->port));
    if (r)
        return r;
    net_from_ip(s, &ip, address->port, &s->remote);
    s->state = NET_CONNECTED;
    return 0;
}

static struct pbuf *pop_datagram(struct net_socket *s)
{
    struct datagram *d = s->first_datagram;
    struct pbuf *p = d->p;
    s->first_datagram = d->next;
    s->received -= p->tot_len + OVERHEAD;
    free(d);
    return p;
}

void net_udp_close(struct net_socket *s)
{
    while (s->first_datagram)
        pbuf_free(pop_datagram(s));
    if (s->udp) {
        udp_remove(s->udp);
        net_client_give(s->client, NET_DATAGRAMS);
    }
    s->udp = NULL;
}

ssize_t net_udp_receive(struct net_socket *s, void *buffer, size_t size, int flags, struct net_address *from)
{
    const struct datagram *d = s->first_datagram;
    if (!d)
        return -EAGAIN;
    if (from)
        *from = d->from;
    struct pbuf *p = d->p;
    uint16_t n = (uint16_t)(size < p->tot_len ? size : p->tot_len);
    pbuf_copy_partial(p, buffer, n, 0);
    ssize_t result = flags & MSG_TRUNC ? p->tot_len : n;
    if (flags & MSG_PEEK)
        return result;
    pbuf_free(pop_datagram(s));
    if (!s->first_datagram)
        net_lower(s, NET_READABLE);
    net_leave();
    return result;
}

ssize_t net_udp_send(struct net_socket *s, const void *buffer, size_t size, const struct net_address *to)
{
    ip_addr_t ip;
    if (size > DATAGRAM_MAX)
        return -EMSGSIZE;
    if (!to && s->state != NET_CONNECTED)
        return -EDESTADDRREQ;
    int r = need_port(s);
    if (!r && to)
        r = net_to_destination(s, to, &ip);
    if (!r && to && !to->port)
        r = -EINVAL;
    if (r)
        return r;
    bool room = net_data_room(size <= NET_LITTLE ? NET_USE_SENT_LITTLE : NET_USE_SENT);
    struct pbuf *p = room ? pbuf_alloc(PBUF_TRANSPORT, (uint16_t)size, PBUF_RAM) : NULL;
    if (!p)
        return -ENOBUFS;
    memcpy(p->payload, buffer, size);
    err_t e = to ? udp_sendto(s->udp, p, &ip, to->port) : udp_send(s->udp, p);
    pbuf_free(p);
    if (e == ERR_MEM)
        return (ssize_t)size; /* the device's queue is full: lost, as datagrams may be */
    if (e == ERR_VAL)
        return s->option.broadcast ? -ENETUNREACH : -EACCES; /* a broadcast without SO_BROADCAST */
    return e == ERR_OK ? (ssize_t)size : -net_errno(e);
}
