/* The allow list net.reach, and which addresses are this host's own now.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/net/allow.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/base/clock.h"

/* Whether the first `bits` bits are equal. */
static bool same_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    return !memcmp(a, b, whole) && (!rest || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

void allow_init(struct allow_list *l, const struct net_config *c)
{
    const uint8_t loopback4[4] = {127, 0, 0, 1};
    *l = (struct allow_list){.given = c->has_reach};
    for (uint32_t i = 0; i < c->n_reach; i++) {
        struct net_reach *e = &l->entries[l->n];
        if (!net_parse_reach(c->reach[i], e))
            continue;
        l->n++;
        l->world |= e->world;
        l->loopback4 |= !e->world && !e->v6 && same_prefix(e->network, loopback4, e->bits);
        l->loopback6 |= !e->world && e->v6 && same_prefix(e->network, in6addr_loopback.s6_addr, e->bits);
    }
}

bool allow_names(const struct allow_list *l, bool v6, const void *address, uint16_t port)
{
    for (uint32_t i = 0; i < l->n; i++) {
        const struct net_reach *e = &l->entries[i];
        if (!e->world && e->v6 == v6 && (!e->port || e->port == port) && same_prefix(e->network, address, e->bits))
            return true;
    }
    return false;
}

/* A socket can have an address as its own exactly if the kernel takes packets for it (ip(7), ipv6(7)). */
static bool can_bind(bool v6, const void *address)
{
    struct sockaddr_in at4 = {.sin_family = AF_INET};
    struct sockaddr_in6 at6 = {.sin6_family = AF_INET6};
    memcpy(v6 ? (void *)&at6.sin6_addr : (void *)&at4.sin_addr, address, v6 ? 16 : 4);
    int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return true; /* not known: then it is refused */
    bool bound = !bind(fd, v6 ? (struct sockaddr *)&at6 : (struct sockaddr *)&at4, v6 ? sizeof(at6) : sizeof(at4));
    close(fd);
    return bound;
}

void own_init(struct own_cache *c)
{
    const struct in_addr example = {htonl(0xc0000201)};            /* 192.0.2.1, nobody's (RFC 5737) */
    *c = (struct own_cache){.usable = !can_bind(false, &example)}; /* sysctl ip_nonlocal_bind */
}

bool own_is(struct own_cache *c, bool v6, const void *address, uint64_t now_ns)
{
    uint8_t key[16] = {0};
    uint32_t hash = v6;
    if (!c->usable)
        return false;
    memcpy(key, address, v6 ? 16 : 4);
    for (unsigned i = 0; i < sizeof(key); i++)
        hash = hash * 31 + key[i];
    struct own_answer *a = &c->answers[hash % OWN_CACHE];
    if (a->until_ns <= now_ns || a->v6 != v6 || memcmp(a->address, key, sizeof(key)) != 0) {
        *a = (struct own_answer){.v6 = v6, .own = can_bind(v6, address), .until_ns = now_ns + CLOCK_SECOND};
        memcpy(a->address, key, sizeof(key));
    }
    return a->own;
}
