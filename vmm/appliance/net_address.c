/* Parses addresses and port forwards.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/appliance/net_address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* Decimal number without sign or blanks in low..high, up to `end`. */
static bool parse_number(const char *text, const char *end, unsigned low, unsigned high, unsigned *out)
{
    unsigned value = 0;
    if (end == text || end - text > 5)
        return false;
    for (; text != end; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (unsigned)(*text - '0');
    }
    *out = value;
    return value >= low && value <= high;
}

bool net_parse_forward(const char *text, struct net_forward *f)
{
    *f = (struct net_forward){.udp = strncmp(text, "udp:", 4) == 0};
    if (!f->udp && strncmp(text, "tcp:", 4) != 0)
        return false;
    const char *host = text + 4;
    f->v6 = *host == '[';
    host += f->v6;
    const char *end = f->v6 ? strchr(host, ']') : strchr(host, ':');
    if (!end || (size_t)(end - host) >= sizeof(f->host) || (f->v6 && end[1] != ':'))
        return false;
    memcpy(f->host, host, (size_t)(end - host));
    const char *port = end + (f->v6 ? 2 : 1), *colon = strchr(port, ':');
    unsigned from, to;
    struct in6_addr any;
    if (!colon || !parse_number(port, colon, 1, 65535, &from) ||
        !parse_number(colon + 1, colon + 1 + strlen(colon + 1), 1, 65535, &to))
        return false;
    f->host_port = (uint16_t)from;
    f->guest_port = (uint16_t)to;
    return inet_pton(f->v6 ? AF_INET6 : AF_INET, f->host, &any) == 1;
}

/* The address that ends before `end`. */
static bool parse_address(int family, const char *text, const char *end, void *to)
{
    char address[INET6_ADDRSTRLEN];
    if ((size_t)(end - text) >= sizeof(address))
        return false;
    memcpy(address, text, (size_t)(end - text));
    address[end - text] = 0;
    return inet_pton(family, address, to) == 1;
}

bool net_parse_reach(const char *text, struct net_reach *to)
{
    *to = (struct net_reach){.world = strcmp(text, "world") == 0, .v6 = *text == '['};
    if (to->world)
        return true;
    const char *end = to->v6 ? strchr(text, ']') : strchr(text, '/');
    if (!end || !parse_address(to->v6 ? AF_INET6 : AF_INET, text + to->v6, end, to->network))
        return false;
    const char *slash = end + to->v6, *colon = *slash ? strchr(slash, ':') : NULL;
    const char *bits_end = colon ? colon : slash + strlen(slash);
    unsigned port = 0;
    if (*slash != '/' || !parse_number(slash + 1, bits_end, 0, to->v6 ? 128 : 32, &to->bits) ||
        (colon && !parse_number(colon + 1, colon + strlen(colon), 1, 65535, &port)))
        return false;
    to->port = (uint16_t)port;
    return true;
}

static bool parse_cidr(int family, const char *text, void *a, unsigned most, unsigned *bits)
{
    const char *slash = strchr(text, '/');
    return slash && parse_address(family, text, slash, a) &&
           parse_number(slash + 1, slash + 1 + strlen(slash + 1), 1, most, bits);
}

bool net_parse_cidr4(const char *text, struct in_addr *a, unsigned *bits)
{
    return parse_cidr(AF_INET, text, a, 32, bits);
}

bool net_parse_cidr6(const char *text, struct in6_addr *a, unsigned *bits)
{
    return parse_cidr(AF_INET6, text, a, 128, bits);
}

struct in6_addr net_autoconf6(const struct in6_addr *prefix, const uint8_t mac[6])
{
    struct in6_addr a = *prefix;
    const uint8_t id[8] = {mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]};
    memcpy(a.s6_addr + 8, id, sizeof(id));
    return a;
}
