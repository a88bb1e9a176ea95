/* Clients of the network, and how much of what they have in common each of them may take.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "lwip/dns.h"

#include "socket.h"

/* Some of lwIP's UDP pcbs are its own: one for each question to a name server, one for DHCP, and a few to spare. */
enum { OWN_DATAGRAMS = DNS_TABLE_SIZE + 4 };

static const uint32_t totals[NET_RESOURCES] = {
    [NET_SOCKETS] = NET_SOCKETS_MAX,
    [NET_LISTENERS] = MEMP_NUM_TCP_PCB_LISTEN,
    [NET_DATAGRAMS] = MEMP_NUM_UDP_PCB - OWN_DATAGRAMS,
    [NET_LANES] = NET_LANES_MAX,
    [NET_QUESTIONS] = DNS_TABLE_SIZE,
};

static struct bh_quota quotas[NET_RESOURCES];

static void set_up_quotas(void)
{
    bool inside;
    uint32_t n = bh_callers_count(bh_gates.compartment, &inside);
    for (int i = 0; i < NET_RESOURCES; i++)
        bh_quota_init(&quotas[i], totals[i], n, inside);
}

bool net_client_take(uint32_t client, enum net_resource what)
{
    if (!quotas[what].total)
        set_up_quotas();
    return bh_quota_take(&quotas[what], client, 1);
}

void net_client_give(uint32_t client, enum net_resource what)
{
    bh_quota_give(&quotas[what], client, 1);
}
