/* User mode: which of the guest's frames libslirp may see.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * libslirp connects to any destination with a socket of the host's, the host's own addresses included. Here they are
 * refused: its loopback, its interfaces, what is link-local, multicast or reserved. What listens there trusts its
 * peers. Only answers to clients of forwarded ports go to the host itself, and what net.reach names. */
#ifndef BH_VMM_NET_REACH_H
#define BH_VMM_NET_REACH_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/net/allow.h"
#include "vmm/net/forward.h"

struct reach {
    const struct net_plan *plan;
    struct in_addr *own; /* addresses of the host's interfaces */
    struct in6_addr *own6;
    uint32_t n_own, n_own6;
    uint16_t udp[NET_FORWARDS_MAX]; /* the guest's ports that the host's datagrams are forwarded to */
    uint32_t n_udp;
    struct allow_list allow;
    struct own_cache now_own;
    uint8_t asked[65536 / 8]; /* a bit for each port of the host from which such a datagram came */
};

/* Looks up the host's addresses of now; those that come later are found by asking its kernel. False: `p`. */
bool reach_init(struct reach *r, const struct net_config *c, const struct net_plan *plan, struct problem *p);

/* Whether the guest may send this frame. It is private memory, at least an Ethernet header. */
bool reach_allows(struct reach *r, const uint8_t *frame, uint32_t bytes);

/* A frame for the guest: if it is a forwarded datagram of the host itself, the guest may answer it. */
void reach_note(struct reach *r, const uint8_t *frame, uint32_t bytes);

#endif
