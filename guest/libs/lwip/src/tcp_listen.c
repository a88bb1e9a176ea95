/* Listening TCP sockets: accepting connections, and sharing a port (SO_REUSEPORT).
 * SPDX-License-Identifier: BSD-3-Clause */
#include "lwip/priv/tcp_priv.h"

#include "socket.h"

enum { BACKLOG_MAX = 4096 };

/* The next listener that shares the port and has room in its queue. */
struct net_socket *net_tcp_next_listener(struct net_socket *s)
{
    for (struct net_socket *first = s = s->sharer; s->n_accepted >= s->backlog;) {
        s = s->sharer;
        if (s == first)
            return NULL;
    }
    return s;
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t e)
{
    (void)arg; /* the socket that listened when the SYN came: it may be closed while others still share the port */
    struct net_socket *last = pcb && e == ERR_OK ? pcb->listener->callback_arg : NULL;
    if (!last)
        return ERR_VAL;
    struct net_socket *s = net_tcp_next_listener(last);
    if (!s)
        s = last->sharer;            /* there was room when the SYN came, and the peer believes that it is connected */
    pcb->listener->callback_arg = s; /* the next connection goes to the socket after it */
    struct net_socket *c = net_socket_new(s->client, s->family, false);
    if (!c)
        return ERR_MEM; /* lwIP resets the connection */
    c->option = s->option;
    c->tcp = pcb;
    c->state = NET_CONNECTED;
    c->next_byte = pcb->rcv_nxt;
    c->listener = s;
    net_tcp_callbacks(c);
    net_tcp_apply_options(c);
    tcp_setprio(pcb, TCP_PRIO_NORMAL);
    net_from_ip(c, &pcb->remote_ip, pcb->remote_port, &c->remote);
    net_from_ip(c, &pcb->local_ip, pcb->local_port, &c->local);
    net_raise(c, NET_WRITABLE);
    if (s->first_accepted)
        s->last_accepted->next = c;
    else
        s->first_accepted = c;
    s->last_accepted = c;
    s->n_accepted++;
    net_raise(s, NET_READABLE);
    return ERR_OK;
}

/* Another socket of the client that listens at the port that `s` is bound to and shares it. */
static struct net_socket *find_sharer(const struct net_socket *s)
{
    for (uint32_t i = 0; i < NET_SOCKETS_MAX; i++) {
        struct net_socket *other = net_socket_at(i);
        if (other && other->state == NET_LISTENING && other->option.reuse_port && other->family == s->family &&
            other->client == s->client && other->tcp->local_port == s->tcp->local_port &&
            ip_addr_eq(&other->tcp->local_ip, &s->tcp->local_ip))
            return other;
    }
    return NULL;
}

/* Listens with the pcb of `other`. */
static void share_listener(struct net_socket *s, struct net_socket *other)
{
    struct tcp_pcb *own = s->tcp;
    net_tcp_detach(s);
    tcp_close(own);
    s->tcp = other->tcp;
    s->sharer = other->sharer;
    other->sharer = s;
}

/* Listens with a pcb of its own. */
static int start_listener(struct net_socket *s)
{
    err_t e;
    if (!net_client_take(s->client, NET_LISTENERS))
        return -ENOBUFS;
    tcp_setprio(s->tcp, NET_PRIO_HALF_OPEN); /* of the connections that come */
    struct tcp_pcb *listening = tcp_listen_with_backlog_and_err(s->tcp, TCP_DEFAULT_LISTEN_BACKLOG, &e);
    if (!listening) {
        net_client_give(s->client, NET_LISTENERS);
        return -net_errno(e);
    }
    s->tcp = listening;
    s->sharer = s;
    tcp_arg(listening, s);
    tcp_accept(listening, on_accept);
    return 0;
}

int net_tcp_listen(struct net_socket *s, int backlog)
{
    backlog = backlog < 1 ? 1 : backlog > BACKLOG_MAX ? BACKLOG_MAX : backlog;
    if (s->state == NET_LISTENING) {
        s->backlog = (uint32_t)backlog;
        return 0;
    }
    if (s->state != NET_IDLE)
        return -EINVAL;
    int r = net_tcp_need_pcb(s);
    if (!r && !s->tcp->local_port)
        r = -net_errno(tcp_bind(s->tcp, &s->tcp->local_ip, net_port_choose(s)));
    if (r)
        return r;
    struct net_socket *other = s->option.reuse_port ? find_sharer(s) : NULL;
    if (other)
        share_listener(s, other);
    else
        r = start_listener(s);
    if (r)
        return r;
    s->state = NET_LISTENING;
    s->backlog = (uint32_t)backlog;
    net_lower(s, NET_WRITABLE | NET_HANGUP);
    return 0;
}

void net_tcp_close_listener(struct net_socket *s)
{
    struct net_socket *next, *before = s->sharer;
    while (before->sharer != s)
        before = before->sharer;
    before->sharer = s->sharer;
    tcp_arg(s->tcp, before == s ? NULL : before);
    if (before == s) {
        tcp_close(s->tcp);
        net_client_give(s->client, NET_LISTENERS);
    }
    s->tcp = NULL;
    for (struct net_socket *c = s->first_accepted; c; c = next) {
        next = c->next;
        net_tcp_drop_received(c);
        if (c->tcp)
            net_tcp_abort(c);
        net_socket_free(c);
    }
}
