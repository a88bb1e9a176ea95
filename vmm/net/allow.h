/* User mode: the allow list net.reach, and which addresses are this host's own now.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_NET_ALLOW_H
#define BH_VMM_NET_ALLOW_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/appliance/appliance.h"
#include "vmm/appliance/net_address.h"

#define OWN_CACHE 64u

struct allow_list {
    bool given;                       /* else everything but the host can be reached */
    bool world, loopback4, loopback6; /* what the entries have among them */
    uint32_t n;
    struct net_reach entries[NET_REACH_MAX];
};

/* From a configuration that manifest_net.c has checked. */
void allow_init(struct allow_list *l, const struct net_config *c);

/* Whether an entry names the address (16 bytes, or 4 of IPv4), and the port; `port` 0: a packet that has none, or not
 * in sight. "world" names none. */
bool allow_names(const struct allow_list *l, bool v6, const void *address, uint16_t port);

/* Addresses that were asked about lately. */
struct own_cache {
    bool usable; /* this host lets no socket have an address of others */
    struct own_answer {
        uint8_t address[16];
        bool v6, own;
        uint64_t until_ns; /* 0: none */
    } answers[OWN_CACHE];
};

void own_init(struct own_cache *c);

/* Whether the host's kernel takes packets for this address itself. It is asked at most once a second for each address,
 * so interfaces and routes that come later count. Makes a socket for a moment. */
bool own_is(struct own_cache *c, bool v6, const void *address, uint64_t now_ns);

#endif
