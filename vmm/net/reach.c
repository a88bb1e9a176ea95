/* Checks the destination of the guest's frames, and fragments of packets by the same rules.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Only ARP, IPv4 and IPv6 pass, without VLAN tags: libslirp drops the rest anyway. */
#include "vmm/net/reach.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/appliance/net_address.h"
#include "vmm/base/clock.h"
#include "vmm/net/frame.h"

#define TYPE_IPV4 0x0800u
#define TYPE_ARP  0x0806u
#define TYPE_IPV6 0x86ddu

#define PORT_DNS    53u
#define PORT_DHCP   67u
#define PORT_DHCPV6 547u

#define MLDV2_REPORT 143u /* RFC 3810 */

#define TCP_SYN 0x02u
#define TCP_ACK 0x10u

/* Where an address is; what the allow list says comes after. */
enum place {
    PLACE_NOWHERE,  /* refused */
    PLACE_WORLD,    /* other hosts */
    PLACE_RESOLVER, /* libslirp's name server, which stands for the host's */
    PLACE_LINK,     /* the rest of the network inside of libslirp: its router, which stands for the host's loopback */
    PLACE_HOST,     /* an address of the host's interfaces */
    PLACE_ALL,      /* everybody on the link */
};

/* A packet with its header taken apart. */
struct packet {
    bool v6;
    struct in_addr from4, to4;
    struct in6_addr from6, to6;
    uint8_t protocol;
    bool fragment;
    uint16_t offset;     /* of a fragment, in units of 8 bytes */
    const uint8_t *data; /* behind the header */
    uint32_t bytes;
};

/* ---- Headers ---- */

static bool parse_ipv4(struct packet *p, const uint8_t *at, uint32_t bytes)
{
    if (bytes < 20 || at[0] >> 4 != 4)
        return false;
    uint32_t header = (at[0] & 15u) * 4, total = frame_get16(at + 2), fragment = frame_get16(at + 6);
    if (header < 20 || total < header || total > bytes)
        return false;
    *p = (struct packet){.protocol = at[9],
                         .fragment = (fragment & (IP_MF | IP_OFFMASK)) != 0,
                         .offset = (uint16_t)(fragment & IP_OFFMASK),
                         .data = at + header,
                         .bytes = total - header};
    memcpy(&p->from4, at + 12, 4);
    memcpy(&p->to4, at + 16, 4);
    return true;
}

/* A fragment of IPv6 is a protocol that nobody here knows. */
static bool parse_ipv6(struct packet *p, const uint8_t *at, uint32_t bytes)
{
    if (bytes < 40 || at[0] >> 4 != 6 || frame_get16(at + 4) > bytes - 40)
        return false;
    *p = (struct packet){.v6 = true, .protocol = at[6], .data = at + 40, .bytes = frame_get16(at + 4)};
    memcpy(&p->from6, at + 8, 16);
    memcpy(&p->to6, at + 24, 16);
    return true;
}

static bool parse_packet(struct packet *p, const uint8_t *frame, uint32_t bytes)
{
    uint32_t type = frame_get16(frame + 12);
    return (type == TYPE_IPV4 && parse_ipv4(p, frame + NET_FRAME_MIN, bytes - NET_FRAME_MIN)) ||
           (type == TYPE_IPV6 && parse_ipv6(p, frame + NET_FRAME_MIN, bytes - NET_FRAME_MIN));
}

/* ---- Places ---- */

static bool is_within(uint32_t address, uint32_t network, unsigned bits)
{
    return (address ^ network) >> (32 - bits) == 0;
}

static enum place place4(struct reach *r, struct in_addr to)
{
    uint32_t a = ntohl(to.s_addr);
    if (a == INADDR_BROADCAST)
        return PLACE_ALL;
    if (to.s_addr == r->plan->dns.s_addr)
        return PLACE_RESOLVER;
    if ((to.s_addr & r->plan->mask.s_addr) == r->plan->network.s_addr || to.s_addr == r->plan->gateway.s_addr)
        return PLACE_LINK;
    for (uint32_t i = 0; i < r->n_own; i++)
        if (to.s_addr == r->own[i].s_addr)
            return PLACE_HOST;
    /* This network, loopback, link-local, multicast, reserved (RFC 6890). */
    bool refused = is_within(a, 0, 8) || is_within(a, 127u << 24, 8) || is_within(a, 0xa9fe0000, 16) || a >= 0xe0000000;
    if (refused)
        return PLACE_NOWHERE;
    return own_is(&r->now_own, false, &to, clock_ns()) ? PLACE_HOST : PLACE_WORLD;
}

/* Whether the first `bits` bits are equal. */
static bool same_bits(const struct in6_addr *a, const struct in6_addr *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    return !memcmp(a, b, whole) && (!rest || (a->s6_addr[whole] ^ b->s6_addr[whole]) >> (8 - rest) == 0);
}

/* libslirp has each of its addresses in its prefix, and with the same last half as a link-local one. */
static bool is_link_local_of(const struct in6_addr *a, const struct in6_addr *of)
{
    static const struct in6_addr prefix = {.s6_addr = {0xfe, 0x80}};
    return same_bits(a, &prefix, 64) && !memcmp(a->s6_addr + 8, of->s6_addr + 8, 8);
}

/* Addresses of IPv6 that stand for one of IPv4, which then counts (RFC 6052). */
static bool stands_for_ipv4(const struct in6_addr *a)
{
    static const struct in6_addr nat64 = {.s6_addr = {0x00, 0x64, 0xff, 0x9b}};
    return same_bits(a, &nat64, 96);
}

static enum place place6(struct reach *r, const struct in6_addr *to)
{
    static const struct in6_addr low = {0}, mapped = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
    static const struct in6_addr router = {.s6_addr = {0xfe, 0x80, [15] = 2}}, local = {.s6_addr = {0xfe, 0x80}};
    static const struct in6_addr all = {.s6_addr = {0xff, 0x02}};
    const struct net_plan *plan = r->plan;
    if (plan->v6 && (!memcmp(to, &plan->dns6, 16) || is_link_local_of(to, &plan->dns6)))
        return PLACE_RESOLVER;
    if (plan->v6 && (same_bits(to, &plan->prefix6, plan->bits6) || !memcmp(to, &router, 16) ||
                     is_link_local_of(to, &plan->gateway6)))
        return PLACE_LINK;
    if (plan->v6 && same_bits(to, &all, 16))
        return PLACE_ALL;
    for (uint32_t i = 0; i < r->n_own6; i++)
        if (!memcmp(to, &r->own6[i], 16))
            return PLACE_HOST;
    if (stands_for_ipv4(to)) {
        struct in_addr a;
        memcpy(&a, to->s6_addr + 12, 4);
        return place4(r, a) == PLACE_WORLD ? PLACE_WORLD : PLACE_NOWHERE;
    }
    /* Unspecified, loopback and IPv4-compatible, IPv4-mapped, link-local, multicast. */
    bool refused =
        same_bits(to, &low, 96) || same_bits(to, &mapped, 96) || same_bits(to, &local, 10) || to->s6_addr[0] == 0xff;
    if (refused)
        return PLACE_NOWHERE;
    return own_is(&r->now_own, true, to, clock_ns()) ? PLACE_HOST : PLACE_WORLD;
}

/* ---- What may go where ---- */

static bool is_datagram_to(const struct packet *p, uint32_t port)
{
    return p->protocol == IPPROTO_UDP && !p->fragment && p->bytes >= 8 && frame_get16(p->data + 2) == port;
}

/* DHCP, neighbour and multicast listener discovery. Listeners' reports have a hop-by-hop header; libslirp ignores
 * them. */
static bool may_tell_all(const struct packet *p)
{
    static const struct in6_addr servers = {.s6_addr = {0xff, 0x02, [13] = 1, [15] = 2}};
    if (!p->v6)
        return is_datagram_to(p, PORT_DHCP);
    if (p->protocol == IPPROTO_ICMPV6 && p->bytes)
        return (p->data[0] >= MLD_LISTENER_QUERY && p->data[0] <= ND_REDIRECT) || p->data[0] == MLDV2_REPORT;
    return p->protocol == IPPROTO_HOPOPTS || (!memcmp(&p->to6, &servers, 16) && is_datagram_to(p, PORT_DHCPV6));
}

static bool may_resolve(const struct packet *p)
{
    if (p->protocol == IPPROTO_TCP)
        return !p->fragment && p->bytes >= 4 && frame_get16(p->data + 2) == PORT_DNS;
    return p->protocol == (p->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP) || is_datagram_to(p, PORT_DNS);
}

/* Is it part of something that a client on the host began? The first fragment of a datagram has the ports. */
static bool is_answer(const struct reach *r, const struct packet *p)
{
    if (p->protocol == IPPROTO_TCP)
        return !p->fragment && p->bytes >= 20 && (p->data[13] & (TCP_SYN | TCP_ACK)) != TCP_SYN;
    if (p->protocol != IPPROTO_UDP || !r->n_udp)
        return false;
    if (p->offset)
        return true;
    uint32_t port = p->bytes >= 8 ? frame_get16(p->data + 2) : 0;
    return r->asked[port / 8] >> port % 8 & 1;
}

static uint16_t port_of(const struct packet *p)
{
    bool has = !p->fragment && p->bytes >= 8 && (p->protocol == IPPROTO_TCP || p->protocol == IPPROTO_UDP);
    return has ? (uint16_t)frame_get16(p->data + 2) : 0;
}

/* Whether net.reach names where the packet goes. The appliance's router stands for the host's loopback. */
static bool is_named(const struct reach *r, const struct packet *p)
{
    static const uint8_t loopback4[4] = {127, 0, 0, 1};
    const void *to = p->v6 ? (const void *)&p->to6 : (const void *)&p->to4;
    if (p->v6 ? !memcmp(&p->to6, &r->plan->gateway6, 16) : p->to4.s_addr == r->plan->gateway.s_addr)
        to = p->v6 ? (const void *)&in6addr_loopback : (const void *)loopback4;
    return r->allow.n && allow_names(&r->allow, p->v6, to, port_of(p));
}

static bool may_go_out(const struct reach *r, const struct packet *p)
{
    return !r->allow.given || r->allow.world || is_named(r, p) || is_answer(r, p);
}

static bool may_go_on_link(const struct reach *r, const struct packet *p)
{
    bool router = p->v6 ? !memcmp(&p->to6, &r->plan->gateway6, 16) : p->to4.s_addr == r->plan->gateway.s_addr;
    if (router && is_named(r, p))
        return true;
    return p->protocol == (p->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP) || is_answer(r, p) ||
           (!p->v6 && p->to4.s_addr == r->plan->gateway.s_addr && is_datagram_to(p, PORT_DHCP));
}

bool reach_allows(struct reach *r, const uint8_t *frame, uint32_t bytes)
{
    struct packet p;
    if (!parse_packet(&p, frame, bytes))
        return frame_get16(frame + 12) == TYPE_ARP;
    switch (p.v6 ? place6(r, &p.to6) : place4(r, p.to4)) {
    case PLACE_WORLD:
        return may_go_out(r, &p);
    case PLACE_ALL:
        return may_tell_all(&p);
    case PLACE_RESOLVER:
        return may_resolve(&p);
    case PLACE_LINK:
        return may_go_on_link(r, &p);
    case PLACE_HOST:
        return is_answer(r, &p) || is_named(r, &p);
    default:
        return is_named(r, &p);
    }
}

void reach_note(struct reach *r, const uint8_t *frame, uint32_t bytes)
{
    struct packet p;
    if (!r->n_udp || !parse_packet(&p, frame, bytes) || p.protocol != IPPROTO_UDP || p.offset || p.bytes < 8)
        return;
    enum place from = p.v6 ? place6(r, &p.from6) : place4(r, p.from4);
    uint32_t host = frame_get16(p.data), guest = frame_get16(p.data + 2);
    bool must_ask = from == PLACE_LINK || from == PLACE_HOST || (from == PLACE_WORLD && r->allow.given);
    for (uint32_t i = 0; i < r->n_udp && must_ask; i++)
        if (r->udp[i] == guest)
            r->asked[host / 8] |= (uint8_t)(1u << host % 8);
}

/* ---- What the check needs to know ---- */

static void add_address(struct reach *r, const struct sockaddr *a)
{
    if (a && a->sa_family == AF_INET)
        r->own[r->n_own++] = ((const struct sockaddr_in *)(const void *)a)->sin_addr;
    else if (a && a->sa_family == AF_INET6)
        r->own6[r->n_own6++] = ((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
}

static bool find_own(struct reach *r, struct problem *p)
{
    struct ifaddrs *list;
    size_t n = 1;
    if (getifaddrs(&list))
        return problem_set(p, EXIT_HOST, "cannot find this host's addresses: %s", strerror(errno));
    for (const struct ifaddrs *i = list; i; i = i->ifa_next)
        n++;
    r->own = calloc(n, sizeof(*r->own));
    r->own6 = calloc(n, sizeof(*r->own6));
    for (const struct ifaddrs *i = list; i && r->own && r->own6; i = i->ifa_next)
        add_address(r, i->ifa_addr);
    freeifaddrs(list);
    return (r->own && r->own6) || problem_set(p, EXIT_HOST, "out of memory");
}

bool reach_init(struct reach *r, const struct net_config *c, const struct net_plan *plan, struct problem *p)
{
    struct net_forward f;
    *r = (struct reach){.plan = plan};
    for (uint32_t i = 0; i < c->n_forward; i++)
        if (net_parse_forward(c->forward[i], &f) && f.udp)
            r->udp[r->n_udp++] = f.guest_port;
    allow_init(&r->allow, c);
    own_init(&r->now_own);
    return find_own(r, p);
}
