/* The addresses of the user-mode network, and the listening sockets of its port forwards.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "vmm/appliance/net_address.h"
#include "vmm/net/forward.h"

/* Where DHCP puts the guest, and what is around it. */
#define DHCP_GUEST   "10.0.2.15"
#define DHCP_BITS    24u
#define DHCP_GATEWAY "10.0.2.2"
#define PREFIX6      "fd00:6268::"
#define PREFIX6_BITS 64u

/* The first address from network + 2 on that is neither of the two. */
static struct in_addr unused_address(struct in_addr network, struct in_addr a, struct in_addr b)
{
    struct in_addr next = {htonl(ntohl(network.s_addr) + 2)};
    while (next.s_addr == a.s_addr || next.s_addr == b.s_addr)
        next.s_addr = htonl(ntohl(next.s_addr) + 1);
    return next;
}

static bool in_network(const struct net_plan *plan, struct in_addr a)
{
    return (a.s_addr & plan->mask.s_addr) == plan->network.s_addr;
}

static void plan_ipv4(const struct net_config *c, struct net_plan *plan)
{
    unsigned bits = DHCP_BITS;
    if (!net_parse_cidr4(c->address, &plan->guest, &bits)) { /* "dhcp" */
        inet_pton(AF_INET, DHCP_GUEST, &plan->guest);
        inet_pton(AF_INET, DHCP_GATEWAY, &plan->gateway);
    } else {
        inet_pton(AF_INET, c->gateway, &plan->gateway);
    }
    plan->mask.s_addr = htonl(~0u << (32 - bits));
    plan->network.s_addr = plan->guest.s_addr & plan->mask.s_addr;
    if (inet_pton(AF_INET, c->dns, &plan->dns) != 1 || !in_network(plan, plan->dns))
        plan->dns = unused_address(plan->network, plan->guest, plan->gateway);
}

static void plan_ipv6(const struct net_config *c, struct net_plan *plan)
{
    plan->v6 = strcmp(c->address6, "none") != 0;
    plan->bits6 = PREFIX6_BITS;
    if (net_parse_cidr6(c->address6, &plan->guest6, &plan->bits6)) {
        for (unsigned bit = 0; bit < plan->bits6; bit++)
            plan->prefix6.s6_addr[bit / 8] |= plan->guest6.s6_addr[bit / 8] & 0x80 >> bit % 8;
    } else {
        inet_pton(AF_INET6, PREFIX6, &plan->prefix6);
        plan->guest6 = net_autoconf6(&plan->prefix6, c->mac);
    }
    plan->gateway6 = plan->dns6 = plan->prefix6;
    plan->gateway6.s6_addr[15] |= plan->guest6.s6_addr[15] == 2 ? 4 : 2;
    plan->dns6.s6_addr[15] |= plan->guest6.s6_addr[15] == 3 ? 5 : 3;
}

void net_user_plan(const struct net_config *c, struct net_plan *plan)
{
    *plan = (struct net_plan){0};
    plan_ipv4(c, plan);
    plan_ipv6(c, plan);
}

bool net_user_forwards_udp(const struct net_config *c)
{
    struct net_forward f;
    for (uint32_t i = 0; i < c->n_forward; i++)
        if (net_parse_forward(c->forward[i], &f) && f.udp)
            return true;
    return false;
}

static bool cannot_listen(const struct net_forward *f, const char *text, struct problem *p)
{
    const char *open = f->v6 ? "[" : "", *close = f->v6 ? "]" : "";
    const char *protocol = f->udp ? "UDP" : "TCP";
    switch (errno) {
    case EADDRINUSE:
        return problem_set(p, EXIT_HOST,
                           "%s port %s%s%s:%u of this host is taken: end what listens there, or "
                           "forward another port with --set 'net.forward=[\"HOSTPORT:%u\"]'",
                           protocol, open, f->host, close, f->host_port, f->guest_port);
    case EACCES:
    case EPERM:
        return problem_set(p, EXIT_HOST,
                           "no permission to listen on %s port %s%s%s:%u: forward a port from 1024 "
                           "on with --set 'net.forward=[\"HOSTPORT:%u\"]'",
                           protocol, open, f->host, close, f->host_port, f->guest_port);
    case EADDRNOTAVAIL:
        return problem_set(p, EXIT_HOST, "cannot forward %s: this host has no address %s%s%s", text, open, f->host,
                           close);
    default:
        return problem_set(p, EXIT_HOST, "cannot forward %s: %s", text, strerror(errno));
    }
}

static int add_ipv4(Slirp *slirp, const struct net_forward *f, const struct net_plan *plan)
{
    struct sockaddr_in host = {.sin_family = AF_INET, .sin_port = htons(f->host_port)};
    struct sockaddr_in guest = {.sin_family = AF_INET, .sin_addr = plan->guest, .sin_port = htons(f->guest_port)};
    inet_pton(AF_INET, f->host, &host.sin_addr);
    return slirp_add_hostxfwd(slirp, (struct sockaddr *)&host, sizeof(host), (struct sockaddr *)&guest, sizeof(guest),
                              f->udp ? SLIRP_HOSTFWD_UDP : 0);
}

static int add_ipv6(Slirp *slirp, const struct net_forward *f, const struct net_plan *plan)
{
    struct sockaddr_in6 host = {.sin6_family = AF_INET6, .sin6_port = htons(f->host_port)};
    struct sockaddr_in6 guest = {.sin6_family = AF_INET6, .sin6_addr = plan->guest6, .sin6_port = htons(f->guest_port)};
    inet_pton(AF_INET6, f->host, &host.sin6_addr);
    return slirp_add_hostxfwd(slirp, (struct sockaddr *)&host, sizeof(host), (struct sockaddr *)&guest, sizeof(guest),
                              SLIRP_HOSTFWD_V6ONLY | (f->udp ? SLIRP_HOSTFWD_UDP : 0));
}

/* libslirp listens with a backlog of 1: of clients that come at the same time, all but the first would have their
 * SYN dropped and try again after a second. */
static void widen_backlog(const struct net_forward *f)
{
    long n = sysconf(_SC_OPEN_MAX);
    for (int fd = 3; fd < n && fd < 1024; fd++) {
        struct sockaddr_in6 own = {0}; /* in a struct sockaddr_in the port is at the same place */
        socklen_t size = sizeof(own);
        int listening = 0;
        socklen_t bytes = sizeof(listening);
        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &bytes) < 0 || !listening ||
            getsockname(fd, (struct sockaddr *)&own, &size) < 0)
            continue;
        if (ntohs(own.sin6_port) == f->host_port)
            listen(fd, SOMAXCONN);
    }
}

bool net_user_forward(Slirp *slirp, const struct net_config *c, const struct net_plan *plan, struct problem *p)
{
    for (uint32_t i = 0; i < c->n_forward; i++) {
        struct net_forward f;
        if (!net_parse_forward(c->forward[i], &f))
            return problem_set(p, EXIT_HOST, "cannot forward %s", c->forward[i]);
        if ((f.v6 ? add_ipv6(slirp, &f, plan) : add_ipv4(slirp, &f, plan)) < 0)
            return cannot_listen(&f, c->forward[i], p);
        if (!f.udp)
            widen_backlog(&f);
    }
    return true;
}
