/* End points and errors: between this library's interface and lwIP.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "socket.h"

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

int net_to_ip(const struct net_socket *s, const struct net_address *a, ip_addr_t *ip)
{
    if (a->family != s->family)
        return -EAFNOSUPPORT;
    memset(ip, 0, sizeof(*ip));
    if (a->family == AF_INET) {
        memcpy(&ip_2_ip4(ip)->addr, a->bytes, 4);
        IP_SET_TYPE(ip, IPADDR_TYPE_V4);
        return 0;
    }
    if (memcmp(a->bytes, mapped_prefix, sizeof(mapped_prefix)) == 0) {
        if (s->option.v6_only)
            return -EINVAL;
        memcpy(&ip_2_ip4(ip)->addr, a->bytes + 12, 4);
        IP_SET_TYPE(ip, IPADDR_TYPE_V4);
        return 0;
    }
    memcpy(ip_2_ip6(ip)->addr, a->bytes, 16);
    IP_SET_TYPE(ip, IPADDR_TYPE_V6);
    if (ip6_addr_has_scope(ip_2_ip6(ip), IP6_UNICAST))
        ip6_addr_set_zone(ip_2_ip6(ip), a->scope ? (uint8_t)a->scope : netif_get_index(&net_netif));
    return 0;
}

static bool is_of_interface(const struct netif *netif, const ip_addr_t *ip)
{
    if (!IP_IS_V6(ip)) {
        const ip4_addr_t *own = netif_ip4_addr(netif), *four = ip_2_ip4(ip);
        return ip4_addr_eq(own, four) || (!ip4_addr_isany(own) && ip4_addr_isbroadcast(four, netif));
    }
    for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        if (!ip6_addr_isinvalid(netif_ip6_addr_state(netif, i)) &&
            ip6_addr_zoneless_eq(netif_ip6_addr(netif, i), ip_2_ip6(ip)))
            return true;
    return false;
}

bool net_can_bind(const ip_addr_t *ip)
{
    if (ip_addr_isany(ip) || ip_addr_isloopback(ip) || ip_addr_ismulticast(ip))
        return true;
    for (const struct netif *netif = netif_list; netif; netif = netif->next)
        if (is_of_interface(netif, ip))
            return true;
    return false;
}

int net_to_destination(const struct net_socket *s, const struct net_address *a, ip_addr_t *ip)
{
    int r = net_to_ip(s, a, ip);
    if (!r && ip_addr_isany(ip))
        ip_addr_set_loopback(IP_IS_V6_VAL(*ip), ip);
    return r;
}

void net_from_ip(const struct net_socket *s, const ip_addr_t *ip, uint16_t port, struct net_address *a)
{
    memset(a, 0, sizeof(*a));
    a->family = s->family;
    a->port = port;
    if (IP_IS_V6_VAL(*ip)) {
        memcpy(a->bytes, ip_2_ip6(ip)->addr, 16);
        a->scope = ip6_addr_zone(ip_2_ip6(ip));
    } else if (IP_IS_ANY_TYPE_VAL(*ip)) {
        return;
    } else if (s->family == AF_INET) {
        memcpy(a->bytes, &ip_2_ip4(ip)->addr, 4);
    } else {
        memcpy(a->bytes, mapped_prefix, sizeof(mapped_prefix));
        memcpy(a->bytes + 12, &ip_2_ip4(ip)->addr, 4);
    }
}

int net_errno(err_t e)
{
    switch (e) {
    case ERR_OK:
        return 0;
    case ERR_MEM:
        return ENOMEM;
    case ERR_BUF:
        return ENOBUFS;
    case ERR_TIMEOUT:
        return ETIMEDOUT;
    case ERR_RTE:
        return ENETUNREACH;
    case ERR_INPROGRESS:
        return EINPROGRESS;
    case ERR_WOULDBLOCK:
        return EAGAIN;
    case ERR_USE:
        return EADDRINUSE;
    case ERR_ALREADY:
        return EALREADY;
    case ERR_ISCONN:
        return EISCONN;
    case ERR_CONN:
        return ENOTCONN;
    case ERR_IF:
        return ENETDOWN;
    case ERR_ABRT:
        return ETIMEDOUT; /* lwIP gives up; a connection that we abort ourselves makes no callback */
    case ERR_RST:
        return ECONNRESET;
    case ERR_CLSD:
        return ENOTCONN;
    default:
        return EINVAL;
    }
}
