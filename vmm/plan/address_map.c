/* Collects the address map of a placed appliance, line by line.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/plan/address_map.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rpc/gate.h"
#include "rpc/stats.h"
#include "vmm/mpk/keys.h"
#include "vmm/image/loader.h"
#include "vmm/appliance/topology.h"

/* A compartment has a line for each of its segments and four more, an edge has three. */
_Static_assert(BH_COMPARTMENTS_MAX *(SEGMENTS_MAX + 4) + BH_SHARES_MAX + 3 * BH_EDGES_MAX + SEGMENTS_MAX + 9 <=
                   ADDRESS_LINES_MAX,
               "no line is ever dropped");

struct map {
    const struct appliance *a;
    struct address_line *lines;
    uint32_t n;
};

/* Empty ranges, and ranges that no VM has, are left out. */
__attribute__((format(printf, 6, 7))) static void add_line(struct map *m, uint64_t va, uint64_t size,
                                                           const char *access, uint64_t vms, const char *format, ...)
{
    if (!size || !vms)
        return;
    struct address_line *line = &m->lines[m->n++];
    *line = (struct address_line){.va = va, .size = size, .vms = vms};
    snprintf(line->access, sizeof(line->access), "%s", access);
    va_list list;
    va_start(list, format);
    vsnprintf(line->what, sizeof(line->what), format, list);
    va_end(list);
}

static void access_of(uint32_t perms, char access[4])
{
    snprintf(access, 4, "%c%c%c", perms & PERM_R ? 'r' : '-', perms & PERM_W ? 'w' : '-', perms & PERM_X ? 'x' : '-');
}

static const char *segment_words(const struct segment *s)
{
    if (s->shared)
        return "shared statics";
    return s->perms & PERM_X ? "text" : s->perms & PERM_W ? "data" : "read-only data";
}

/* The VM of compartment i, and those that see its shared statics and shadow stacks. */
static uint64_t viewers_of(const struct appliance *a, uint32_t i)
{
    uint64_t vms = 1ull << a->compartments[i].vm;
    for (uint32_t v = 0; v < a->n_vms; v++)
        vms |= vm_sees_data(a, v, i) ? 1ull << v : 0;
    return vms;
}

static void add_compartment(struct map *m, uint32_t i, const struct image *image)
{
    const struct compartment *c = &m->a->compartments[i];
    uint64_t base = BH_COMPARTMENT_BASE(i), own = 1ull << c->vm, seen = viewers_of(m->a, i);
    uint64_t table = sizeof(struct bh_gate_table) + c->n_imports * sizeof(struct bh_import);
    uint64_t stacks = stacks_size(m->a, i);
    uint32_t threads = m->a->vms[c->vm].n_threads;
    add_line(m, base + BH_GATES_OFF, page_up(table), "r--", own, "%s: gate table", c->name);
    for (uint32_t s = 0; s < image->n_segments; s++) {
        const struct segment *segment = &image->segments[s];
        char access[4];
        access_of(segment->perms, access);
        add_line(m, segment->va, segment->size, access, segment->shared ? seen : own, "%s: %s", c->name,
                 segment_words(segment));
    }
    add_line(m, base + BH_STACKS_OFF, stacks, "rw-", own, "%s: %" PRIu32 " stacks with guard pages", c->name, threads);
    add_line(m, base + BH_STACKS_OFF + BH_SHADOW_DELTA, stacks, "rw-", seen, "%s: %" PRIu32 " data shadow stacks",
             c->name, threads);
    add_line(m, base + BH_HEAP_OFF, c->memory, "rw-", own, "%s: heap", c->name);
}

static void add_share(struct map *m, const struct share *s)
{
    uint64_t vms = 0;
    for (uint32_t v = 0; v < m->a->n_vms; v++)
        vms |= vm_has_share(m->a, v, s->index) ? 1ull << v : 0;
    add_line(m, BH_SHARE_BASE(s->index), s->size, "rw-", vms, "share %s", s->name);
}

static void add_edge(struct map *m, const struct edge *e)
{
    const struct compartment *from = &m->a->compartments[e->from], *to = &m->a->compartments[e->to];
    if (!edge_crosses(m->a, e) && !edge_keyed(m->a, e))
        return;
    uint64_t vms = 1ull << from->vm | 1ull << to->vm, base = BH_EDGE_BASE(e->index);
    add_line(m, base, edge_crosses(m->a, e) ? sizeof(struct bh_edge_region) : 0, "rw-", vms, "edge %s -> %s: ring",
             from->name, to->name);
    add_line(m, base + BH_EDGE_CB_ARENA_OFF, BH_EDGE_CB_ARENA_SIZE, "rw-", vms, "edge %s -> %s: arena for callbacks",
             from->name, to->name);
    add_line(m, base + BH_EDGE_ARENA_OFF, e->arena, "rw-", vms, "edge %s -> %s: arena", from->name, to->name);
}

/* What only VMs with protection keys have. */
static void add_keys(struct map *m)
{
    uint64_t vms = 0;
    uint32_t threads = 0;
    for (uint32_t v = 0; v < m->a->n_vms; v++) {
        if (keys_needed(m->a, v)) {
            vms |= 1ull << v;
            threads = m->a->vms[v].n_threads > threads ? m->a->vms[v].n_threads : threads;
        }
    }
    add_line(m, BH_MPK_CODE_VA, BH_MPK_CODE_MAX, "--x", vms, "core: gates between protection keys, at most");
    add_line(m, BH_MPK_PUBLIC_VA, BH_PAGE_SIZE, "r--", vms, "core: the running thread");
    add_line(m, BH_MPK_TABLES_VA, BH_MPK_TABLES_MAX, "r--", vms, "core: functions behind the gates, at most");
    add_line(m, BH_MPK_CORE_VA, page_up(sizeof(struct bh_mpk)), "---", vms, "core: secrets of the gates");
    add_line(m, BH_MPK_STACK(0), threads * (BH_MPK_STACK_SIZE + BH_PAGE_SIZE), "---", vms, "core: stacks");
}

static void add_core(struct map *m, const struct image *core)
{
    uint64_t all = m->a->n_vms == 64 ? UINT64_MAX : (1ull << m->a->n_vms) - 1;
    uint32_t threads = 0;
    for (uint32_t v = 0; v < m->a->n_vms; v++)
        threads = m->a->vms[v].n_threads > threads ? m->a->vms[v].n_threads : threads;
    add_line(m, BH_BOOTINFO_VA, BH_BOOTINFO_MAX, "r--", all, "core: boot information, at most");
    add_line(m, BH_STATUS_VA, BH_PAGE_SIZE, "r--", all, "core: status page");
    add_line(m, BH_CROWD_VA, BH_PAGE_SIZE, "r--", all, "core: how many want a processor");
    add_line(m, BH_STATS_VA, BH_STATS_SIZE, "rw-", all, "core: statistics");
    for (uint32_t s = 0; s < core->n_segments; s++) {
        char access[4];
        access_of(core->segments[s].perms, access);
        add_line(m, core->segments[s].va, core->segments[s].size, access, all, "core: %s",
                 segment_words(&core->segments[s]));
    }
    add_line(m, BH_TLS_VA, threads * BH_TLS_STRIDE, "rw-", all, "thread-local storage of at most %" PRIu32 " threads",
             threads);
    add_keys(m);
    add_line(m, BH_KERNEL_BASE, 8 * BH_PAGE_SIZE, "---", all, "kernel: stub, tables, stacks");
}

static int by_address(const void *a, const void *b)
{
    const struct address_line *x = a, *y = b;
    return x->va < y->va ? -1 : x->va > y->va;
}

bool address_map(const struct appliance *a, const char *core, struct address_line *lines, uint32_t *n,
                 struct problem *p)
{
    struct map m = {.a = a, .lines = lines};
    struct image image;
    for (uint32_t i = 0; i < a->n_compartments; i++) {
        if (!image_open_compartment(&image, a->compartments[i].image, i, p))
            return false;
        add_compartment(&m, i, &image);
        close(image.fd);
    }
    for (uint32_t i = 0; i < a->n_shares; i++)
        add_share(&m, &a->shares[i]);
    for (uint32_t i = 0; i < a->n_edges; i++)
        add_edge(&m, &a->edges[i]);
    if (!image_open_core(&image, core, p))
        return false;
    add_core(&m, &image);
    close(image.fd);
    qsort(lines, m.n, sizeof(*lines), by_address);
    *n = m.n;
    return true;
}
