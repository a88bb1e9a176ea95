/* The addresses and port forwards of [net], in the form that the composer gives them.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_APPLIANCE_NET_ADDRESS_H
#define BH_VMM_APPLIANCE_NET_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct net_forward {
    bool udp;
    bool v6;
    char host[INET6_ADDRSTRLEN];    /* without brackets */
    uint16_t host_port, guest_port; /* not 0 */
};

/* Parses "tcp:A.B.C.D:HOSTPORT:GUESTPORT" or "udp:[X::Y]:HOSTPORT:GUESTPORT"; every part has to be there. */
bool net_parse_forward(const char *text, struct net_forward *f);

/* A destination of net.reach. */
struct net_reach {
    bool world; /* everything but the host itself; the rest is 0 then */
    bool v6;
    uint8_t network[16]; /* 4 of IPv4 */
    unsigned bits;
    uint16_t port; /* 0: all, and packets without one */
};

/* Parses "world", "A.B.C.D/N", "[X::Y]/N", and the last two with ":PORT" behind them. */
bool net_parse_reach(const char *text, struct net_reach *to);

/* Parse "A.B.C.D/N" and "X::Y/N". */
bool net_parse_cidr4(const char *text, struct in_addr *a, unsigned *bits);
bool net_parse_cidr6(const char *text, struct in6_addr *a, unsigned *bits);

/* The address that stateless autoconfiguration makes of a 64-bit prefix and a MAC address (RFC 4291, appendix A). */
struct in6_addr net_autoconf6(const struct in6_addr *prefix, const uint8_t mac[6]);

#endif
