/* Clients of the network, and how much of what they have in common each of them may take.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "lwip/dns.h"

#include <net/lane.h>

#include "socket.h"

/* Some of lwIP's UDP pcbs are its own: one for each question to a name server, one for DHCP, and a few to spare. */
enum { OWN_DATAGRAMS = DNS_TABLE_SIZE + 4 };

static const uint32_t totals[NET_RESOURCES] = {
    [NET_SOCKETS] = NET_SOCKETS_MAX,
    [NET_LISTENERS] = MEMP_NUM_TCP_PCB_LISTEN,
    [NET_DATAGRAMS] = MEMP_NUM_UDP_PCB - OWN_DATAGRAMS,

    [NET_QUESTIONS] = DNS_TABLE_SIZE,
};

static struct bh_quota quotas[NET_RESOURCES];

/* How many lanes fit this compartment's part of its share, whose blocks are powers of two. */
static uint32_t count_lanes(void)
{
    const struct bh_bootinfo *boot = bh_boot();
    const struct bh_boot_share *share = (const void *)((const char *)boot + boot->shares_off);
    uint64_t block = 1;
    while (block < sizeof(struct net_lane))
        block *= 2;
    for (uint32_t i = 0; i < boot->n_shares; i++) {
        if (!(share[i].member_mask >> bh_gates.compartment & 1))
            continue;
        uint64_t n = share[i].slice / block;
        n -= n && share[i].slice % block < sizeof(struct net_table); /* which lies there as well */
        return n < NET_LANES_MAX ? (uint32_t)n : NET_LANES_MAX;
    }
    return 0;
}

static void set_up_quotas(void)
{
    bool inside;
    uint32_t n = bh_callers_count(bh_gates.compartment, &inside);
    for (int i = 0; i < NET_RESOURCES; i++)
        bh_quota_init(&quotas[i], i == NET_LANES ? count_lanes() : totals[i], n, inside);
}

bool net_client_take(uint32_t client, enum net_resource what)
{
    if (!quotas[NET_SOCKETS].total)
        set_up_quotas();
    return bh_quota_take(&quotas[what], client, 1);
}

void net_client_give(uint32_t client, enum net_resource what)
{
    bh_quota_give(&quotas[what], client, 1);
}
