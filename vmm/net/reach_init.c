/* Looks up what the check of destinations needs: the host's addresses, and the forwarded ports.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/appliance/net_address.h"
#include "vmm/net/reach.h"

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
    return find_own(r, p);
}
