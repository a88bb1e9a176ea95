/* User mode: which addresses its network has, and its port forwards.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_NET_FORWARD_H
#define BH_VMM_NET_FORWARD_H

#include <netinet/in.h>
#include <slirp/libslirp.h>
#include <stdbool.h>

#include "vmm/appliance/appliance.h"
#include "vmm/base/problem.h"

struct net_plan {
    struct in_addr network, mask, guest, gateway, dns;
    bool v6;
    unsigned bits6;
    struct in6_addr prefix6, guest6, gateway6, dns6;
};

/* From a configuration that manifest_net.c has checked. */
void net_user_plan(const struct net_config *c, struct net_plan *plan);

bool net_user_forwards_udp(const struct net_config *c);

/* Opens the listening sockets. False: EXIT_HOST, and which one, why and what to do. */
bool net_user_forward(Slirp *slirp, const struct net_config *c, const struct net_plan *plan, struct problem *p);

#endif
