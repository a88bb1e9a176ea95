/* Reads and checks the manifest's node `net`.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/appliance/manifest_net.h"

#include <arpa/inet.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/appliance/net_address.h"

#define TEXT_MAX      63u
#define INTERFACE_MAX 15u

static const char *const modes[] = {"user", "tap", NULL};
_Static_assert(NET_USER == 0 && NET_TAP == 1, "order of `modes`");

/* Absent: empty. */
static bool optional_text(const struct reader *r, int node, const char *property, const char **out)
{
    *out = "";
    return !fdt_has(r, node, property) || fdt_text(r, node, property, TEXT_MAX, out);
}

static bool read_mac(const struct reader *r, int node, struct net_config *c)
{
    int bytes = 0;
    const void *mac = fdt_getprop(r->fdt, node, "mac", &bytes);
    if (!mac || bytes != (int)sizeof(c->mac))
        return fdt_bad(r, node, "mac", "is not 6 bytes long");
    memcpy(c->mac, mac, sizeof(c->mac));
    return !(c->mac[0] & 1) || fdt_bad(r, node, "mac", "is a multicast address");
}

static bool read_address(const struct reader *r, int node, struct net_config *c)
{
    struct in_addr a;
    struct in6_addr a6;
    unsigned bits;
    bool is_static = net_parse_cidr4(c->address, &a, &bits);
    if (!is_static && strcmp(c->address, "dhcp") != 0)
        return fdt_bad(r, node, "address", "is neither \"dhcp\" nor A.B.C.D/N");
    if (is_static && (bits < 8 || bits > 29))
        return fdt_bad(r, node, "address", "has a prefix outside 8 to 29");
    if ((c->gateway[0] || (is_static && c->mode == NET_USER)) && inet_pton(AF_INET, c->gateway, &a) != 1)
        return fdt_bad(r, node, "gateway", "is no address");
    if (c->dns[0] && inet_pton(AF_INET, c->dns, &a) != 1)
        return fdt_bad(r, node, "dns", "is no address");
    return strcmp(c->address6, "auto") == 0 || strcmp(c->address6, "none") == 0 ||
           (net_parse_cidr6(c->address6, &a6, &bits) && bits >= 8 && bits <= 120) ||
           fdt_bad(r, node, "address6", "is neither \"auto\" nor \"none\" nor X::Y/N");
}

static bool read_forwards(const struct reader *r, int node, struct net_config *c)
{
    struct net_forward f;
    if (!fdt_list(r, node, "forward", NET_FORWARDS_MAX, &c->forward, &c->n_forward))
        return false;
    for (uint32_t i = 0; i < c->n_forward; i++) {
        if (!net_parse_forward(c->forward[i], &f))
            return fdt_bad(r, node, "forward", "\"%s\" is no port forward", c->forward[i]);
        if (c->mode != NET_USER)
            return fdt_bad(r, node, "forward", "is for mode \"user\" only");
    }
    return true;
}

/* Absent in manifests of before. */
static bool read_connections(const struct reader *r, int node, struct net_config *c)
{
    c->connections = NET_CONNECTIONS;
    return !fdt_has(r, node, "connections") ||
           fdt_u32(r, node, "connections", NET_CONNECTIONS_MIN, NET_CONNECTIONS_MAX, &c->connections);
}

static bool read_reach(const struct reader *r, int node, struct net_config *c)
{
    struct net_reach to;
    c->has_reach = fdt_has(r, node, "reach");
    if (!fdt_list(r, node, "reach", NET_REACH_MAX, &c->reach, &c->n_reach))
        return false;
    for (uint32_t i = 0; i < c->n_reach; i++)
        if (!net_parse_reach(c->reach[i], &to))
            return fdt_bad(r, node, "reach", "\"%s\" is no destination", c->reach[i]);
    return !c->has_reach || c->mode == NET_USER || fdt_bad(r, node, "reach", "is for mode \"user\" only");
}

bool manifest_read_net(const struct reader *r, struct appliance *a)
{
    struct net_config *c = &a->net;
    uint32_t mode;
    int node = fdt_child(r, 0, "net", false);
    if (node < 0)
        return true;
    if (!fdt_u32(r, node, "compartment", 0, a->n_compartments - 1, &c->compartment) ||
        !fdt_word(r, node, "mode", modes, &mode))
        return false;
    c->mode = (enum net_mode)mode;
    if (!optional_text(r, node, "interface", &c->interface) || !optional_text(r, node, "gateway", &c->gateway) ||
        !optional_text(r, node, "dns", &c->dns) || !optional_text(r, node, "hostname", &c->hostname) ||
        !fdt_text(r, node, "address", TEXT_MAX, &c->address) ||
        !fdt_text(r, node, "address6", TEXT_MAX, &c->address6) || !fdt_u32(r, node, "mtu", 1280, 9000, &c->mtu) ||
        !read_mac(r, node, c) || !read_address(r, node, c) || !read_forwards(r, node, c) ||
        !read_connections(r, node, c))
        return false;
    size_t length = strlen(c->interface);
    if (c->mode == NET_TAP && (!length || length > INTERFACE_MAX))
        return fdt_bad(r, node, "interface", "has not 1 to %u characters", INTERFACE_MAX);
    a->has_net = true;
    return read_reach(r, node, c);
}
