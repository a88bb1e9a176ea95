/* TCP connections: bind, connect, shutdown, close. Listening is in tcp_listen.c, data in tcp_data.c.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * lwIP may free a pcb on its own. It calls the error callback then, except for a pcb whose two directions are closed:
 * such a pcb is detached at once, so that no pointer to a freed one is ever kept. */
#include "lwip/priv/tcp_priv.h"

#include "socket.h"

enum { POLL_HALF_SECONDS = 1 };

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
        s->reset = e != ERR_CLSD;
        s->error = !s->reset ? 0 : e == ERR_RST && s->end_of_file ? EPIPE : net_errno(e);
    }
    net_raise(s, NET_READABLE | NET_WRITABLE | NET_HANGUP | NET_RDHUP | (s->error ? NET_ERROR : 0));
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t e)
{
    struct net_socket *s = arg;
    (void)e; /* always ERR_OK in lwIP 2 */
    s->state = NET_CONNECTED;
    s->next_byte = pcb->rcv_nxt;
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
    tcp_setprio(s->tcp, NET_PRIO_CLOSED);
    net_from_ip(s, &s->tcp->local_ip, s->tcp->local_port, &s->local);
    s->tcp = NULL;
    s->state = NET_CLOSED;
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
        return; /* it is a smaller structure; accepted connections get the options below */
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

int net_tcp_need_pcb(struct net_socket *s)
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
    int r = net_tcp_need_pcb(s);
    if (r)
        return r;
    if (s->family == AF_INET6 && !s->option.v6_only && ip_addr_isany(ip))
        ip = IP_ANY_TYPE;
    return -net_errno(tcp_bind(s->tcp, ip, port ? port : net_port_choose(s)));
}

static int start_connecting(struct net_socket *s, const ip_addr_t *ip, uint16_t port)
{
    uint16_t local = s->tcp->local_port ? 0 : net_port_choose(s);
    if (local && tcp_bind(s->tcp, &s->tcp->local_ip, local) != ERR_OK)
        return -EADDRNOTAVAIL;
    err_t e = tcp_connect(s->tcp, ip, port, on_connected);
    if (e == ERR_RTE && net_configuring()) {
        s->deferred = true;
        return -EINPROGRESS;
    }
    s->deferred = false;
    if (e == ERR_VAL)
        return -ENETUNREACH; /* the address is not of the family that the socket is bound to */
    if (e == ERR_BUF)
        return -EADDRNOTAVAIL; /* no port left */
    return e == ERR_OK ? -EINPROGRESS : -net_errno(e);
}

int net_tcp_connect(struct net_socket *s, const ip_addr_t *ip, uint16_t port)
{
    if (s->state == NET_CONNECTING)
        return -EALREADY;
    if (s->state == NET_CONNECTED || s->state == NET_CLOSED || s->state == NET_LISTENING)
        return -EISCONN;
    if (ip_addr_ismulticast(ip) || ip_addr_isbroadcast(ip, &net_netif))
        return -ENETUNREACH;
    if (port == 0)
        return -ECONNREFUSED; /* nobody can listen there */
    int r = net_tcp_need_pcb(s);
    if (r)
        return r;
    s->error = 0;
    net_from_ip(s, ip, port, &s->remote);
    r = start_connecting(s, ip, port);
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
        int r = start_connecting(s, &ip, s->remote.port);
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
    if (s->reset || (s->state != NET_CONNECTED && s->state != NET_CLOSED))
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

void net_tcp_abort(struct net_socket *s)
{
    struct tcp_pcb *pcb = s->tcp;
    net_tcp_detach(s);
    tcp_abort(pcb);
}

void net_tcp_close(struct net_socket *s)
{
    if (s->state == NET_LISTENING) {
        net_tcp_close_listener(s);
        return;
    }
    /* Unread data is dropped without telling TCP, so that lwIP answers with a reset (RFC 2525, 2.17). */
    bool unread = net_lane_unread(s) != 0;
    if (s->lane)
        net_lane_run(s->lane);
    struct tcp_pcb *pcb = s->tcp;
    s->receive_shut = true;
    if (pcb && (s->state == NET_CONNECTING || (s->state == NET_CONNECTED && (s->option.linger == 0 || unread)))) {
        net_tcp_abort(s);
    } else if (pcb) {
        net_tcp_detach(s);
        if (tcp_close(pcb) != ERR_OK)
            tcp_abort(pcb);
    }
    net_tcp_drop_received(s);
}
