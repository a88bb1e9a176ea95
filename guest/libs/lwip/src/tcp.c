/* TCP connections: bind, listen, accept, connect, shutdown, close.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * lwIP may free a pcb on its own: it tells by the error callback, except for one whose both directions are closed. Such
 * a pcb is detached at once, so no pointer to a freed one is ever kept. */
#include "lwip/priv/tcp_priv.h"

#include "socket.h"

enum { BACKLOG_MAX = 4096, POLL_HALF_SECONDS = 1 };

/* ---- lwIP calls back ---- */

static void on_error(void *arg, err_t e)
{
    struct net_socket *s = arg;
    if (!s)
        return;
    s->tcp = NULL;
    if (s->state == NET_CONNECTING) {
        s->state = NET_IDLE;
        s->error = e == ERR_RST ? ECONNREFUSED : net_errno(e);
    } else {
        s->state = NET_CLOSED;
        s->error = e == ERR_CLSD ? 0 : net_errno(e);
    }
    net_raise(s, NET_READABLE | NET_WRITABLE | NET_HANGUP | NET_RDHUP | (s->error ? NET_ERROR : 0));
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t e)
{
    struct net_socket *s = arg;
    (void)e; /* always ERR_OK in lwIP 2 */
    s->state = NET_CONNECTED;
    net_from_ip(s, &pcb->local_ip, pcb->local_port, &s->local);
    net_raise(s, NET_WRITABLE);
    return ERR_OK;
}

void net_tcp_callbacks(struct net_socket *s)
{
    tcp_arg(s->tcp, s);
    tcp_recv(s->tcp, net_tcp_on_receive);
    tcp_sent(s->tcp, net_tcp_on_sent);
    tcp_err(s->tcp, on_error);
    tcp_poll(s->tcp, net_tcp_on_poll, POLL_HALF_SECONDS);
}

void net_tcp_detach(struct net_socket *s)
{
    tcp_arg(s->tcp, NULL);
    tcp_recv(s->tcp, NULL);
    tcp_sent(s->tcp, NULL);
    tcp_err(s->tcp, NULL);
    tcp_poll(s->tcp, NULL, 0);
    net_from_ip(s, &s->tcp->local_ip, s->tcp->local_port, &s->local);
    s->tcp = NULL;
    s->state = NET_CLOSED;
}

/* The next of those that share the port, and has room in its queue; NULL: none. */
static struct net_socket *who_accepts(struct net_socket *s)
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
    (void)arg; /* who listened when the SYN came: that one may be closed, and the port still be shared by others */
    struct net_socket *last = pcb && e == ERR_OK ? pcb->listener->callback_arg : NULL;
    if (!last)
        return ERR_VAL;
    struct net_socket *s = who_accepts(last);
    if (!s)
        s = last->sharer;            /* there was room when the SYN came, and the peer thinks that it is connected */
    pcb->listener->callback_arg = s; /* the next connection is for the one behind it */
    struct net_socket *c = net_socket_new(s->family, false);
    if (!c)
        return ERR_MEM; /* lwIP resets the connection */
    c->option = s->option;
    c->tcp = pcb;
    c->state = NET_CONNECTED;
    c->listener = s;
    net_tcp_callbacks(c);
    net_tcp_apply_options(c);
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

/* A SYN from the port of a connection that is in TIME_WAIT, and newer: the old one is forgotten, and a listener gets it
 * (RFC 1122, 4.2.2.13). lwIP would drop it, and libslirp repeats one only after 6 s. */
static void forget_old_connection(const ip_addr_t *from, const ip_addr_t *to, const struct tcp_hdr *header)
{
    for (struct tcp_pcb *pcb = tcp_tw_pcbs; pcb; pcb = pcb->next) {
        if (pcb->remote_port != lwip_ntohs(header->src) || pcb->local_port != lwip_ntohs(header->dest) ||
            !ip_addr_eq(&pcb->remote_ip, from) || !ip_addr_eq(&pcb->local_ip, to))
            continue;
        if (TCP_SEQ_GT(lwip_ntohl(header->seqno), pcb->rcv_nxt))
            tcp_abort(pcb);
        return;
    }
}

/* Looks at each packet before lwIP does; always 0: lwIP shall go on. Nothing has been checked yet. */
int net_hook_ip_in(const struct pbuf *p)
{
    const struct ip_hdr *four = p->payload;
    const struct ip6_hdr *six = p->payload;
    bool is_four = p->len >= IP_HLEN && IPH_V(four) == 4, is_six = p->len >= IP6_HLEN && IP6H_V(six) == 6;
    size_t size = is_four ? IPH_HL_BYTES(four) : IP6_HLEN;
    if (!(is_four && IPH_PROTO(four) == IP_PROTO_TCP) && !(is_six && IP6H_NEXTH(six) == IP_PROTO_TCP))
        return 0;
    const struct tcp_hdr *header = (const void *)((const char *)p->payload + size);
    if (p->len < size + TCP_HLEN || (TCPH_FLAGS(header) & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
        return 0;
    ip_addr_t from = {0}, to = {0};
    if (is_four) {
        ip_addr_copy_from_ip4(from, four->src);
        ip_addr_copy_from_ip4(to, four->dest);
    } else {
        ip_addr_copy_from_ip6_packed(from, six->src);
        ip_addr_copy_from_ip6_packed(to, six->dest);
    }
    forget_old_connection(&from, &to, header);
    return 0;
}

/* Looks at each segment before lwIP does; anything but ERR_OK drops it, as if the network had lost it. */
signed char net_hook_tcp_in(struct tcp_pcb *pcb, const struct tcp_hdr *header, const struct pbuf *p)
{
    bool syn = (TCPH_FLAGS(header) & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
    struct net_socket *s = pcb->callback_arg;
    if (pcb->state == LISTEN)
        return syn && s && !who_accepts(s) ? ERR_MEM : ERR_OK;
    /* Acknowledgements pass, and so does what nobody will queue. What comes out of order is not kept when buffers are
     * few. */
    if (!p->tot_len || !s || pcb->state < ESTABLISHED)
        return ERR_OK;
    return net_may_keep(s) && (header->seqno == pcb->rcv_nxt || !net_buffers_low()) ? ERR_OK : ERR_MEM;
}

/* ---- Options ---- */

void net_tcp_apply_options(struct net_socket *s)
{
    struct tcp_pcb *pcb = s->tcp;
    if (!pcb)
        return;
    if (s->option.reuse || s->option.reuse_port)
        ip_set_option(pcb, SOF_REUSEADDR);
    else
        ip_reset_option(pcb, SOF_REUSEADDR);
    if (s->option.ttl)
        pcb->ttl = s->option.ttl;
    pcb->tos = s->option.tos;
    if (s->option.keep_alive)
        ip_set_option(pcb, SOF_KEEPALIVE);
    else
        ip_reset_option(pcb, SOF_KEEPALIVE);
    if (s->state == NET_LISTENING)
        return; /* a smaller structure: what follows is taken over at accept */
    if (s->option.no_delay)
        tcp_nagle_disable(pcb);
    else
        tcp_nagle_enable(pcb);
    if (s->option.keep_idle)
        pcb->keep_idle = s->option.keep_idle * 1000;
    if (s->option.keep_interval)
        pcb->keep_intvl = s->option.keep_interval * 1000;
    if (s->option.keep_count)
        pcb->keep_cnt = s->option.keep_count;
}

/* ---- Calls ---- */

static int need_pcb(struct net_socket *s)
{
    if (s->tcp)
        return 0;
    uint8_t type = s->family == AF_INET ? IPADDR_TYPE_V4 : s->option.v6_only ? IPADDR_TYPE_V6 : IPADDR_TYPE_ANY;
    s->tcp = tcp_new_ip_type(type);
    if (!s->tcp)
        return -ENOBUFS;
    net_tcp_callbacks(s);
    net_tcp_apply_options(s);
    return 0;
}

int net_tcp_bind(struct net_socket *s, const ip_addr_t *ip, uint16_t port)
{
    if (s->state != NET_IDLE || (s->tcp && s->tcp->local_port))
        return -EINVAL;
    int r = need_pcb(s);
    if (r)
        return r;
    if (s->family == AF_INET6 && !s->option.v6_only && ip_addr_isany(ip))
        ip = IP_ANY_TYPE;
    return -net_errno(tcp_bind(s->tcp, ip, port));
}

/* Another one that listens at the port that `s` is bound to, and shares it. */
static struct net_socket *find_sharer(const struct net_socket *s)
{
    for (uint32_t i = 0; i < NET_SOCKETS_MAX; i++) {
        struct net_socket *other = net_socket_at(i);
        if (other && other->state == NET_LISTENING && other->option.reuse_port && other->family == s->family &&
            other->tcp->local_port == s->tcp->local_port && ip_addr_eq(&other->tcp->local_ip, &s->tcp->local_ip))
            return other;
    }
    return NULL;
}

/* Listens with the pcb of `other`. */
static void share(struct net_socket *s, struct net_socket *other)
{
    struct tcp_pcb *own = s->tcp;
    net_tcp_detach(s);
    tcp_close(own);
    s->tcp = other->tcp;
    s->sharer = other->sharer;
    other->sharer = s;
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
    int r = need_pcb(s);
    if (r)
        return r;
    if (!s->tcp->local_port) {
        r = -net_errno(tcp_bind(s->tcp, &s->tcp->local_ip, 0));
        if (r)
            return r;
    }
    err_t e;
    struct net_socket *other = s->option.reuse_port ? find_sharer(s) : NULL;
    if (other) {
        share(s, other);
    } else {
        struct tcp_pcb *listening = tcp_listen_with_backlog_and_err(s->tcp, TCP_DEFAULT_LISTEN_BACKLOG, &e);
        if (!listening)
            return -net_errno(e);
        s->tcp = listening;
        s->sharer = s;
        tcp_arg(listening, s);
        tcp_accept(listening, on_accept);
    }
    s->state = NET_LISTENING;
    s->backlog = (uint32_t)backlog;
    net_lower(s, NET_WRITABLE | NET_HANGUP);
    return 0;
}

static int start(struct net_socket *s, const ip_addr_t *ip, uint16_t port)
{
    err_t e = tcp_connect(s->tcp, ip, port, on_connected);
    if (e == ERR_RTE && net_configuring()) {
        s->deferred = true;
        return -EINPROGRESS;
    }
    s->deferred = false;
    if (e == ERR_VAL)
        return -ENETUNREACH; /* an address of the other family than what it was bound to */
    if (e == ERR_BUF)
        return -EADDRNOTAVAIL; /* no port left */
    return e == ERR_OK ? -EINPROGRESS : -net_errno(e);
}

int net_tcp_connect(struct net_socket *s, const ip_addr_t *ip, uint16_t port)
{
    if (s->state == NET_CONNECTING)
        return -EALREADY;
    if (s->state == NET_CONNECTED || s->state == NET_CLOSED)
        return -EISCONN;
    if (s->state == NET_LISTENING || port == 0)
        return -EINVAL;
    int r = need_pcb(s);
    if (r)
        return r;
    s->error = 0;
    net_from_ip(s, ip, port, &s->remote);
    r = start(s, ip, port);
    if (r != -EINPROGRESS)
        return r;
    net_word_reset(s);
    s->state = NET_CONNECTING;
    return r;
}

void net_tcp_connect_deferred(void)
{
    for (uint32_t i = 0; i < NET_SOCKETS_MAX; i++) {
        struct net_socket *s = net_socket_at(i);
        ip_addr_t ip;
        if (!s || !s->deferred || net_to_ip(s, &s->remote, &ip))
            continue;
        int r = start(s, &ip, s->remote.port);
        if (r == -EINPROGRESS)
            continue;
        s->state = NET_IDLE;
        s->error = -r;
        net_raise(s, NET_READABLE | NET_WRITABLE | NET_ERROR | NET_HANGUP);
    }
}

int net_tcp_shutdown(struct net_socket *s, int how)
{
    if (s->lane)
        net_lane_run(s->lane);
    if (s->state != NET_CONNECTED && s->state != NET_CLOSED)
        return -ENOTCONN;
    if (how != SHUT_WR && !s->receive_shut) {
        s->receive_shut = true;
        net_tcp_drop_received(s);
        net_raise(s, NET_READABLE | NET_RDHUP);
    }
    if (how != SHUT_RD && !s->send_shut) {
        s->send_shut = true;
        if (s->tcp)
            tcp_shutdown(s->tcp, 0, 1);
        if (s->tcp && s->end_of_file) {
            net_tcp_detach(s);
            net_raise(s, NET_HANGUP);
        }
    }
    return 0;
}

static void abort_pcb(struct net_socket *s)
{
    struct tcp_pcb *pcb = s->tcp;
    net_tcp_detach(s);
    tcp_abort(pcb);
}

static void close_listener(struct net_socket *s)
{
    struct net_socket *next, *before = s->sharer;
    while (before->sharer != s)
        before = before->sharer;
    before->sharer = s->sharer;
    tcp_arg(s->tcp, before == s ? NULL : before);
    if (before == s)
        tcp_close(s->tcp);
    s->tcp = NULL;
    for (struct net_socket *c = s->first_accepted; c; c = next) {
        next = c->next;
        net_tcp_drop_received(c);
        if (c->tcp)
            abort_pcb(c);
        net_socket_free(c);
    }
}

void net_tcp_close(struct net_socket *s)
{
    if (s->state == NET_LISTENING) {
        close_listener(s);
        return;
    }
    /* What was received and not fetched goes without telling TCP: then lwIP answers with a reset (RFC 2525, 2.17). */
    bool unread = net_lane_unread(s) != 0;
    if (s->lane)
        net_lane_run(s->lane);
    struct tcp_pcb *pcb = s->tcp;
    s->receive_shut = true;
    if (pcb && (s->state == NET_CONNECTING || (s->state == NET_CONNECTED && (s->option.linger == 0 || unread)))) {
        abort_pcb(s);
    } else if (pcb) {
        net_tcp_detach(s);
        if (tcp_close(pcb) != ERR_OK)
            tcp_abort(pcb);
    }
    net_tcp_drop_received(s);
}
