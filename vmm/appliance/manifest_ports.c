/* Reads and checks the property `ports` of the manifest's edges.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/appliance/manifest_ports.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* A number from 1 to 65535 at *text, which then points behind it; 0: there is none. */
static uint16_t parse_port(const char **text)
{
    uint32_t port = 0;
    for (unsigned digits = 0; **text >= '0' && **text <= '9' && digits < 5; digits++)
        port = port * 10 + (uint32_t)(*(*text)++ - '0');
    return port > UINT16_MAX ? 0 : (uint16_t)port;
}

/* "tcp:PORT", "udp:FIRST-LAST" */
static bool parse_range(const char *text, struct port_range *range)
{
    range->protocol = strncmp(text, "udp:", 4) == 0 ? IPPROTO_UDP : IPPROTO_TCP;
    if (range->protocol == IPPROTO_TCP && strncmp(text, "tcp:", 4) != 0)
        return false;
    text += 4;
    range->first = range->last = parse_port(&text);
    if (*text == '-') {
        text++;
        range->last = parse_port(&text);
    }
    return !*text && range->first && range->first <= range->last;
}

bool manifest_read_ports(const struct reader *r, int node, struct edge *e)
{
    const char **list = NULL;
    bool ok = true;
    e->ports_listed = fdt_has(r, node, "ports");
    if (!fdt_list(r, node, "ports", BH_PORTS_MAX, &list, &e->n_ports))
        return false;
    for (uint32_t i = 0; ok && i < e->n_ports; i++)
        ok = parse_range(list[i], &e->ports[i]) || fdt_bad(r, node, "ports", "\"%s\" are no ports", list[i]);
    free(list);
    return ok;
}
