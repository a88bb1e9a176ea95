/* Prints a placed appliance for people.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/plan/layout.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "vmm/mpk/keys.h"
#include "vmm/plan/address_map.h"
#include "vmm/plan/layout_json.h"
#include "vmm/appliance/mechanism.h"
#include "vmm/plan/placement.h"
#include "vmm/image/symbols.h"
#include "vmm/appliance/topology.h"

const char *size_words(uint64_t bytes, char *text)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB"};
    unsigned unit = 0;
    while (unit < 3 && bytes && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, 24, "%" PRIu64 " %s", bytes, units[unit]);
    return text;
}

static void print_strings(const char *before, const char *const *list, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        printf("%s%s", i ? ", " : before, list[i]);
}

/* "0,1,4" into `text` of 192 bytes or more. */
static const char *bits_words(uint64_t bits, char *text)
{
    int n = 0;
    text[0] = 0;
    for (unsigned i = 0; i < 64; i++)
        if (bits >> i & 1)
            n += sprintf(text + n, "%s%u", n ? "," : "", i);
    return text;
}

static void print_vms(const struct appliance *a)
{
    char memory[24], stack[24];
    for (uint32_t v = 0; v < a->n_vms; v++) {
        printf("\nVM %" PRIu32 ": %" PRIu32 " threads\n", v, a->vms[v].n_threads);
        for (uint32_t i = 0; i < a->n_compartments; i++) {
            const struct compartment *c = &a->compartments[i];
            if (c->vm != v)
                continue;
            printf("  compartment %s: number %" PRIu32 "%s, mechanism %s, heap %s, stacks %s", c->name, i,
                   c->is_default ? ", default" : "", mechanism_name(c->mechanism), size_words(c->memory, memory),
                   size_words(c->stack, stack));
            print_strings(", libraries ", c->libraries, c->n_libraries);
            printf("\n    image %s sha256:%s\n", c->image, c->sha256);
        }
    }
}

static void print_map(const struct address_line *lines, uint32_t n)
{
    char size[24], vms[192];
    printf("\naddress map\n  %-14s  %10s  access  VMs\n", "address", "size");
    for (uint32_t i = 0; i < n; i++) {
        printf("  0x%012" PRIx64 "  %10s  %-6s  %-7s  %s\n", lines[i].va, size_words(lines[i].size, size),
               lines[i].access, bits_words(lines[i].vms, vms), lines[i].what);
    }
}

static void print_shares(const struct appliance *a)
{
    char size[24];
    printf("\nshares%s\n", a->n_shares ? "" : ": none");
    for (uint32_t s = 0; s < a->n_shares; s++) {
        const char *before = "";
        printf("  %s: %s, members ", a->shares[s].name, size_words(a->shares[s].size, size));
        for (uint32_t i = 0; i < a->n_compartments; i++) {
            if (a->shares[s].members >> i & 1) {
                printf("%s%s", before, a->compartments[i].name);
                before = ", ";
            }
        }
        putchar('\n');
    }
}

static void print_edges(const struct appliance *a)
{
    static const char *const strategies[] = {"share", "copy", "strict"};
    char arena[24];
    printf("\nedges%s\n", a->n_edges ? "" : ": none");
    for (uint32_t n = 0; n < a->n_edges; n++) {
        const struct edge *e = &a->edges[n];
        const struct compartment *to = &a->compartments[e->to];
        printf("  %s -> %s: ", a->compartments[e->from].name, to->name);
        if (edge_crosses(a, e)) {
            printf("gate between VMs, data %s, arena %s\n", strategies[e->strategy], size_words(e->arena, arena));
        } else if (edge_keyed(a, e)) {
            printf("%s gate between protection keys%s, data %s, arena %s\n", edge_light(a, e) ? "light" : "full",
                   e->light && !edge_light(a, e) ? " (light is not possible here)" : "", strategies[e->strategy],
                   size_words(e->arena, arena));
        } else {
            printf("no isolation: direct calls\n");
        }
        for (uint32_t fn = 0; fn < to->n_exports; fn++) {
            if (e->granted[fn / 64] >> fn % 64 & 1) {
                printf("    %s.%s%s\n", to->exports[fn].library, to->exports[fn].name,
                       to->exports[fn].nonblocking ? " (nonblocking)" : "");
            }
        }
    }
}

static void print_net(const struct appliance *a)
{
    const struct net_config *c = &a->net;
    const uint8_t *mac = c->mac;
    if (!a->has_net)
        return;
    printf("\nnetwork\n  compartment %s in VM %" PRIu32 ", mode %s", a->compartments[c->compartment].name,
           a->compartments[c->compartment].vm, c->mode == NET_TAP ? "tap" : "user");
    printf("%s%s, address %s", c->interface[0] ? ", interface " : "", c->interface, c->address);
    printf("%s%s%s%s, address6 %s", c->gateway[0] ? ", gateway " : "", c->gateway, c->dns[0] ? ", DNS " : "", c->dns,
           c->address6);
    printf(", MAC %02x:%02x:%02x:%02x:%02x:%02x, MTU %" PRIu32 "\n", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
           c->mtu);
    for (uint32_t i = 0; i < c->n_forward; i++)
        printf("    forward %s\n", c->forward[i]);
    for (uint32_t i = 0; i < c->n_reach; i++)
        printf("    reach   %s\n", c->reach[i]);
    if (c->has_reach && !c->n_reach)
        printf("    reach   nothing\n");
}

static void print_mounts(const struct appliance *a)
{
    if (a->n_mounts)
        printf("\nmounts\n");
    for (uint32_t i = 0; i < a->n_mounts; i++) {
        const struct mount *m = &a->mounts[i];
        printf("  %s %s, host directory %s%s, compartment %s in VM %" PRIu32 "\n", m->path,
               m->read_only ? "read-only" : "read-write", m->directory, m->create ? " (made if it is missing)" : "",
               a->compartments[m->compartment].name, a->compartments[m->compartment].vm);
        if (m->size)
            printf("    at most %" PRIu64 " KiB\n", m->size / 1024);
    }
}

bool layout_print(const struct appliance *a, const char *core, bool json, struct problem *p)
{
    uint32_t n = 0;
    char memory[24];
    struct address_line *lines = calloc(ADDRESS_LINES_MAX, sizeof(*lines));
    if (!lines)
        return problem_set(p, EXIT_HOST, "out of memory");
    bool ok = address_map(a, core, lines, &n, p);
    if (ok && json) {
        layout_print_json(a, lines, n);
    } else if (ok) {
        printf("appliance %s: %s\nmemory in all: %s of heaps and shares\n", a->name, a->toml,
               size_words(appliance_memory(a), memory));
        print_vms(a);
        print_map(lines, n);
        print_shares(a);
        print_edges(a);
        print_net(a);
        print_mounts(a);
    }
    free(lines);
    return ok;
}
