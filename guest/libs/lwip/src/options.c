/* Socket options, and what can be asked about the interface.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "lwip/dns.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"

#include "socket.h"

static int set_socket_option(struct net_socket *s, int name, int64_t value)
{
    switch (name) {
    case SO_REUSEADDR:
        s->option.reuse = value;
        return 0;
    case SO_REUSEPORT:
        s->option.reuse_port = value;
        return 0;
    case SO_KEEPALIVE:
        s->option.keep_alive = value;
        return 0;
    case SO_BROADCAST:
        s->option.broadcast = value;
        return 0;
    case SO_OOBINLINE:
        s->option.urgent_inline = value;
        return 0;
    case SO_LINGER:
        s->option.linger = value < 0 ? -1 : (int32_t)(value & INT32_MAX);
        return 0;
    case SO_SNDBUF:
    case SO_RCVBUF:
        if (value < 0 || value > INT32_MAX)
            value = TCP_WND; /* as much as there can be */
        if (name == SO_SNDBUF)
            s->option.send_buffer = (int32_t)value;
        else
            s->option.receive_buffer = (int32_t)value;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int set_tcp_option(struct net_socket *s, int name, int64_t value)
{
    if (name == TCP_NODELAY) {
        s->option.no_delay = value;
        return 0;
    }
    if (name != TCP_KEEPIDLE && name != TCP_KEEPINTVL && name != TCP_KEEPCNT)
        return -ENOPROTOOPT;
    if (value < 1 || value > (name == TCP_KEEPCNT ? 127 : 32767))
        return -EINVAL;
    if (name == TCP_KEEPIDLE)
        s->option.keep_idle = (uint32_t)value;
    else if (name == TCP_KEEPINTVL)
        s->option.keep_interval = (uint32_t)value;
    else
        s->option.keep_count = (uint32_t)value;
    return 0;
}

static int set_ip_option(struct net_socket *s, int level, int name, int64_t value)
{
    if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY) {
        if (s->family != AF_INET6)
            return -ENOPROTOOPT;
        if (s->tcp) /* the pcb's kind is decided when it is made */
            return -EINVAL;
        s->option.v6_only = value;
        return 0;
    }
    if (value < 0 || value > 255)
        return -EINVAL;
    if ((level == IPPROTO_IP && name == IP_TTL) || (level == IPPROTO_IPV6 && name == IPV6_UNICAST_HOPS)) {
        if (value == 0)
            return -EINVAL;
        s->option.ttl = (uint8_t)value;
        return 0;
    }
    if ((level == IPPROTO_IP && name == IP_TOS) || (level == IPPROTO_IPV6 && name == IPV6_TCLASS)) {
        s->option.tos = (uint8_t)(s->datagram ? value : value & ~3); /* TCP owns the bits of congestion */
        return 0;
    }
    return -ENOPROTOOPT;
}

int net_setopt(net_socket_t s, int level, int name, int64_t value)
{
    int r;
    if (!s)
        return -EBADF;
    if (level == SOL_SOCKET)
        r = set_socket_option(s, name, value);
    else if (level == IPPROTO_TCP)
        r = s->datagram ? -ENOPROTOOPT : set_tcp_option(s, name, value);
    else if (level == IPPROTO_IP || level == IPPROTO_IPV6)
        r = set_ip_option(s, level, name, value);
    else
        r = -ENOPROTOOPT;
    if (r)
        return r;
    if (s->datagram)
        net_udp_apply_options(s);
    else
        net_tcp_apply_options(s);
    return 0;
}

static int take_error(struct net_socket *s)
{
    int e = s->error;
    s->error = 0;
    net_lower(s, NET_ERROR);
    return e;
}

static int64_t readable_bytes(const struct net_socket *s)
{
    if (!s->datagram)
        return s->received;
    return s->first_datagram ? s->first_datagram->p->tot_len : 0;
}

static int get_socket_option(struct net_socket *s, int name, int64_t *value)
{
    switch (name) {
    case SO_REUSEADDR:
        *value = s->option.reuse;
        return 0;
    case SO_REUSEPORT:
        *value = s->option.reuse_port;
        return 0;
    case SO_KEEPALIVE:
        *value = s->option.keep_alive;
        return 0;
    case SO_BROADCAST:
        *value = s->option.broadcast;
        return 0;
    case SO_OOBINLINE:
        *value = s->option.urgent_inline;
        return 0;
    case SO_LINGER:
        *value = s->option.linger;
        return 0;
    case SO_SNDBUF:
        *value = s->option.send_buffer;
        return 0;
    case SO_RCVBUF:
        *value = s->option.receive_buffer;
        return 0;
    case SO_ERROR:
        *value = take_error(s);
        return 0;
    case SO_TYPE:
        *value = s->datagram ? SOCK_DGRAM : SOCK_STREAM;
        return 0;
    case SO_DOMAIN:
        *value = s->family;
        return 0;
    case SO_PROTOCOL:
        *value = s->datagram ? IPPROTO_UDP : IPPROTO_TCP;
        return 0;
    case SO_ACCEPTCONN:
        *value = s->state == NET_LISTENING;
        return 0;
    case SO_NREAD:
        *value = readable_bytes(s);
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static int get_tcp_option(const struct net_socket *s, int name, int64_t *value)
{
    switch (name) {
    case TCP_NODELAY:
        *value = s->option.no_delay;
        return 0;
    case TCP_MAXSEG:
        *value = s->tcp && s->state != NET_LISTENING ? tcp_mss(s->tcp) : TCP_MSS;
        return 0;
    case TCP_KEEPIDLE:
        *value = s->option.keep_idle ? s->option.keep_idle : TCP_KEEPIDLE_DEFAULT / 1000;
        return 0;
    case TCP_KEEPINTVL:
        *value = s->option.keep_interval ? s->option.keep_interval : TCP_KEEPINTVL_DEFAULT / 1000;
        return 0;
    case TCP_KEEPCNT:
        *value = s->option.keep_count ? s->option.keep_count : TCP_KEEPCNT_DEFAULT;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

int net_getopt(net_socket_t s, int level, int name, int64_t *value)
{
    if (!s || !value)
        return s ? -EINVAL : -EBADF;
    if (level == SOL_SOCKET)
        return get_socket_option(s, name, value);
    if (level == IPPROTO_TCP)
        return s->datagram ? -EOPNOTSUPP : get_tcp_option(s, name, value);
    if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY) {
        *value = s->option.v6_only;
        return 0;
    }
    if ((level == IPPROTO_IP && name == IP_TTL) || (level == IPPROTO_IPV6 && name == IPV6_UNICAST_HOPS)) {
        *value = s->option.ttl ? s->option.ttl : TCP_TTL;
        return 0;
    }
    if ((level == IPPROTO_IP && name == IP_TOS) || (level == IPPROTO_IPV6 && name == IPV6_TCLASS)) {
        *value = s->option.tos;
        return 0;
    }
    return level == IPPROTO_IP || level == IPPROTO_IPV6 ? -ENOPROTOOPT : -EOPNOTSUPP;
}

/* ---- The interface ---- */

struct stats_ lwip_stats; /* lwIP's own stats.c is only needed to print it */

void stats_init(void)
{
}

static uint32_t count_connections(void)
{
    uint32_t n = 0;
    for (const struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next)
        n++;
    for (const struct tcp_pcb *p = tcp_tw_pcbs; p; p = p->next)
        n++;
    return n;
}

static void copy_addresses(struct net_interface *info)
{
    const ip_addr_t *server = dns_getserver(0);
    memcpy(info->address, netif_ip4_addr(&net_netif), 4);
    memcpy(info->mask, netif_ip4_netmask(&net_netif), 4);
    memcpy(info->gateway, netif_ip4_gw(&net_netif), 4);
    if (server && IP_IS_V4(server))
        memcpy(info->dns, &ip_2_ip4(server)->addr, 4);
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        if (!ip6_addr_isvalid(netif_ip6_addr_state(&net_netif, i)))
            continue;
        memcpy(ip6_addr_islinklocal(netif_ip6_addr(&net_netif, i)) ? info->link_local : info->global,
               netif_ip6_addr(&net_netif, i)->addr, 16);
    }
}

int net_interface(struct net_interface *info)
{
    if (!net_present())
        return -ENETDOWN;
    if (!info)
        return -EINVAL;
    const struct net_device_counters *c = net_device_counters();
    memset(info, 0, sizeof(*info));
    info->up = net_usable();
    info->mtu = net_netif.mtu;
    memcpy(info->mac, net_netif.hwaddr, 6);
    copy_addresses(info);
    info->received = c->received;
    info->sent = c->sent;
    info->dropped = c->dropped;
    info->free_receive_buffers = c->free_buffers;
    info->receive_buffers = c->buffers;
    info->data_bytes = net_data_bytes();
    info->heap_used = net_heap_used();
    info->heap_bytes = net_heap_bytes();
    info->sockets = net_sockets_in_use();
    info->connections = count_connections();
    info->segments = lwip_stats.memp[MEMP_TCP_SEG]->used;
    info->packets = (uint32_t)lwip_stats.memp[MEMP_PBUF]->used + lwip_stats.memp[MEMP_PBUF_POOL]->used +
                    lwip_stats.memp[MEMP_FRAG_PBUF]->used;
    return 0;
}
