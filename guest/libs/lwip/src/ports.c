/* Whose a port is: that of the edge for which the appliance lists it, or else that of the client that has it bound.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * lwIP lets several pcbs have one port, with SO_REUSEADDR or at different addresses, and prefers the most specific
 * address. Among programs of one client that is as it should be; another client could take over connections. */
#include "lwip/priv/tcp_priv.h"

#include "socket.h"

enum { CHOOSE_FIRST = 0xc000, CHOOSE_LAST = 0xffff };

static uint8_t protocol_of(const struct net_socket *s)
{
    return s->datagram ? IPPROTO_UDP : IPPROTO_TCP;
}

static const struct bh_boot_port *next_range(const struct bh_boot_port *range)
{
    const struct bh_bootinfo *boot = bh_boot();
    const struct bh_boot_port *first = (const void *)((const char *)boot + boot->ports_off);
    range = range ? range + 1 : first;
    return range < first + boot->n_ports ? range : NULL;
}

/* Whether the appliance lists only some ports for this client. */
static bool is_restricted(uint32_t client)
{
    const struct bh_bootinfo *boot = bh_boot();
    const struct bh_boot_edge *edge = (const void *)((const char *)boot + boot->edges_off);
    for (uint32_t i = 0; i < boot->n_edges; i++)
        if (edge[i].index + 1 == client)
            return edge[i].flags & BH_EDGE_PORTS;
    return false;
}

static int check_list(const struct net_socket *s, uint16_t port)
{
    bool own = false;
    for (const struct bh_boot_port *range = next_range(NULL); range; range = next_range(range)) {
        if (range->protocol != protocol_of(s) || port < range->first || port > range->last)
            continue;
        if (range->edge + 1 != s->client)
            return -EACCES;
        own = true;
    }
    return own || !is_restricted(s->client) ? 0 : -EACCES;
}

static uint16_t bound_port(const struct net_socket *s)
{
    if (s->datagram)
        return s->udp ? s->udp->local_port : 0;
    return s->tcp ? s->tcp->local_port : 0;
}

int net_port_check(const struct net_socket *s, uint16_t port)
{
    int r = port ? check_list(s, port) : 0;
    for (uint32_t i = 0; port && !r && i < NET_SOCKETS_MAX; i++) {
        const struct net_socket *other = net_socket_at(i);
        if (other && other->client != s->client && other->datagram == s->datagram && bound_port(other) == port)
            r = -EADDRINUSE;
    }
    return r;
}

/* Whether a port between these two belongs to an edge. */
static bool is_listed(const struct net_socket *s, uint16_t first, uint16_t last)
{
    for (const struct bh_boot_port *range = next_range(NULL); range; range = next_range(range))
        if (range->protocol == protocol_of(s) && range->first <= last && first <= range->last)
            return true;
    return false;
}

static bool is_taken(const struct net_socket *s, uint16_t port)
{
    for (const struct udp_pcb *p = udp_pcbs; s->datagram && p; p = p->next)
        if (p->local_port == port)
            return true;
    for (unsigned i = 0; !s->datagram && i < NUM_TCP_PCB_LISTS; i++)
        for (const struct tcp_pcb *p = *tcp_pcb_lists[i]; p; p = p->next)
            if (p->local_port == port)
                return true;
    return false;
}

uint16_t net_port_choose(const struct net_socket *s)
{
    if (!is_listed(s, CHOOSE_FIRST, CHOOSE_LAST))
        return 0;
    uint16_t start = (uint16_t)(CHOOSE_FIRST | LWIP_RAND()), port = start;
    do {
        if (!is_listed(s, port, port) && !is_taken(s, port))
            return port;
        port = port == CHOOSE_LAST ? CHOOSE_FIRST : (uint16_t)(port + 1);
    } while (port != start);
    return 0; /* none: lwIP finds that out as well */
}
