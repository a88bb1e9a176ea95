/* Finds the owner of a guest address in the address map of rpc/map.h, and describes it in words.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/appliance/address_owner.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rpc/report.h"
#include "rpc/gate.h"
#include "rpc/mpk.h"
#include "rpc/stats.h"
#include "vmm/image/symbols.h"

/* Offset of va in number-th of `count` ranges of `stride` bytes from `base` on; false: in none of
 * them. */
static bool in_series(uint64_t va, uint64_t base, uint64_t stride, uint64_t count, uint32_t *number, uint64_t *offset)
{
    if (va < base || (va - base) / stride >= count)
        return false;
    *number = (uint32_t)((va - base) / stride);
    *offset = (va - base) % stride;
    return true;
}

/* Stacks and shadow stacks: slots of a guard page and a stack each. */
static void in_stacks(const struct appliance *a, const struct compartment *c, uint64_t offset, enum owner_kind kind,
                      struct address_owner *o)
{
    uint64_t slot = c->stack + BH_PAGE_SIZE;
    if (offset / slot >= a->vms[c->vm].n_threads) {
        o->kind = OWN_WINDOW;
        return;
    }
    o->thread = (uint32_t)(offset / slot);
    o->kind = kind;
    if (offset % slot < BH_PAGE_SIZE)
        o->kind = kind == OWN_STACK ? OWN_GUARD : OWN_WINDOW;
}

static void in_window(const struct appliance *a, const struct compartment *c, uint64_t offset, struct address_owner *o)
{
    const uint64_t shadow = BH_STACKS_OFF + BH_SHADOW_DELTA;
    if (offset < BH_GATES_OFF + BH_GATES_MAX)
        o->kind = OWN_GATES;
    else if (offset < BH_SHARED_OFF)
        o->kind = OWN_IMAGE;
    else if (offset < BH_STACKS_OFF)
        o->kind = OWN_STATICS;
    else if (offset < BH_STACKS_OFF + BH_STACKS_MAX)
        in_stacks(a, c, offset - BH_STACKS_OFF, OWN_STACK, o);
    else if (offset >= shadow && offset < shadow + BH_STACKS_MAX)
        in_stacks(a, c, offset - shadow, OWN_SHADOW, o);
    else if (offset >= BH_HEAP_OFF && offset - BH_HEAP_OFF < c->memory)
        o->kind = OWN_HEAP;
    else
        o->kind = OWN_WINDOW;
}

static void in_edge(const struct edge *e, uint64_t offset, struct address_owner *o)
{
    if (offset < sizeof(struct bh_edge_region))
        o->kind = OWN_RING;
    else if ((offset >= BH_EDGE_CB_ARENA_OFF && offset - BH_EDGE_CB_ARENA_OFF < BH_EDGE_CB_ARENA_SIZE) ||
             (offset >= BH_EDGE_ARENA_OFF && offset - BH_EDGE_ARENA_OFF < e->arena))
        o->kind = OWN_ARENA;
}

static void in_core(const struct appliance *a, uint64_t va, struct address_owner *o)
{
    uint64_t offset;
    if (va < BH_BOOTINFO_VA + BH_BOOTINFO_MAX) {
        o->kind = OWN_BOOT;
    } else if (va >= BH_STATUS_VA && va < BH_STATUS_VA + BH_PAGE_SIZE) {
        o->kind = OWN_STATUS;
    } else if (va >= BH_CROWD_VA && va < BH_CROWD_VA + BH_PAGE_SIZE) {
        o->kind = OWN_CROWD;
    } else if ((va >= BH_STATS_VA && va < BH_STATS_VA + BH_STATS_SIZE) ||
               (va >= BH_MPK_COUNTS_VA(0) && va < BH_MPK_COUNTS_VA(BH_DOMAINS_MAX))) {
        o->kind = OWN_STATS;
    } else if (va >= BH_CORE_IMAGE_VA && va < BH_TLS_VA) {
        o->kind = OWN_CORE;
    } else if (va >= BH_MPK_CODE_VA && va < BH_MPK_CORE_VA + sizeof(struct bh_mpk)) {
        o->kind = OWN_GATEWAYS;
    } else if (in_series(va, BH_MPK_STACK(0), BH_MPK_STACK_SIZE + BH_PAGE_SIZE, BH_THREADS_MAX, &o->thread, &offset)) {
        o->kind = OWN_CORE_STACK;
    } else if (in_series(va, BH_TLS_VA, BH_TLS_STRIDE, BH_THREADS_MAX, &o->thread, &offset)) {
        /* Slots count down from the thread pointer, which the core's own page begins at. */
        uint64_t slot = offset / BH_TLS_SLOT;
        o->kind = OWN_TLS;
        if (slot < BH_COMPARTMENTS_MAX) {
            o->compartment = (uint32_t)(BH_COMPARTMENTS_MAX - 1 - slot);
            if (o->compartment >= a->n_compartments)
                o->kind = OWN_NOTHING;
        }
    }
}

struct address_owner address_owner_find(const struct appliance *a, uint64_t va)
{
    struct address_owner o = {.kind = OWN_NOTHING, .compartment = BH_NO_PEER};
    uint64_t offset;
    if (va < BH_PAGE_SIZE) {
        o.kind = OWN_NULL;
    } else if (in_series(va, BH_COMPARTMENT_BASE(0), BH_WINDOW_SIZE, a->n_compartments, &o.index, &offset)) {
        o.compartment = o.index;
        in_window(a, &a->compartments[o.index], offset, &o);
    } else if (in_series(va, BH_SHARE_BASE(0), BH_SHARE_BASE(1) - BH_SHARE_BASE(0), a->n_shares, &o.index, &offset)) {
        o.kind = offset < a->shares[o.index].size ? OWN_SHARE : OWN_NOTHING;
    } else if (in_series(va, BH_EDGE_BASE(0), BH_EDGE_BASE(1) - BH_EDGE_BASE(0), a->n_edges, &o.index, &offset)) {
        in_edge(&a->edges[o.index], offset, &o);
    } else if (va >= BH_KERNEL_BASE && va < 0x800000000000ull) {
        o.kind = OWN_KERNEL;
    } else if (va >= BH_CORE_BASE && va < BH_KERNEL_BASE) {
        in_core(a, va, &o);
    }
    return o;
}

/* Owners that an image's symbols say more about. */
static void describe_image(const char *what, const char *image, uint64_t va, char *text, size_t size)
{
    struct location at;
    char where[512] = "no section of its image";
    if (image && symbols_find(image, va, &at))
        location_describe(&at, where, sizeof(where));
    snprintf(text, size, "%s, %s", what, where);
}

static void describe_compartment(const struct appliance *a, const struct address_owner *o, uint64_t va, char *text,
                                 size_t size)
{
    const struct compartment *c = &a->compartments[o->compartment];
    char what[BH_NAME_MAX + 32];
    snprintf(what, sizeof(what), "compartment \"%s\"", c->name);
    switch (o->kind) {
    case OWN_IMAGE:
    case OWN_STATICS:
        describe_image(what, c->image, va, text, size);
        break;
    case OWN_GATES:
        snprintf(text, size, "%s, its gate table", what);
        break;
    case OWN_STACK:
        snprintf(text, size, "%s, its stack of thread %" PRIu32, what, o->thread);
        break;
    case OWN_GUARD:
        snprintf(text, size, "%s, the guard page below its stack of thread %" PRIu32, what, o->thread);
        break;
    case OWN_SHADOW:
        snprintf(text, size, "%s, its data shadow stack (bh_shared_stack) of thread %" PRIu32, what, o->thread);
        break;
    case OWN_HEAP:
        snprintf(text, size, "%s, its heap, %#" PRIx64 " from the start", what,
                 (uint64_t)(va - BH_COMPARTMENT_BASE(o->compartment) - BH_HEAP_OFF));
        break;
    default:
        snprintf(text, size, "%s, a part of its window where nothing is", what);
        break;
    }
}

static void describe_edge(const struct appliance *a, const struct address_owner *o, char *text, size_t size)
{
    const struct edge *e = &a->edges[o->index];
    snprintf(text, size, "the %s of edge %s -> %s", o->kind == OWN_RING ? "ring" : "arena",
             a->compartments[e->from].name, a->compartments[e->to].name);
}

static void describe_tls(const struct appliance *a, const struct address_owner *o, char *text, size_t size)
{
    bool core = o->compartment == BH_NO_PEER;
    snprintf(text, size, "thread-local storage of thread %" PRIu32 "%s%s%s", o->thread,
             core ? ", the core's part" : " in compartment \"", core ? "" : a->compartments[o->compartment].name,
             core ? "" : "\"");
}

struct address_owner address_owner_describe(const struct appliance *a, const char *core, uint64_t va, char *text,
                                            size_t size)
{
    struct address_owner o = address_owner_find(a, va);
    switch (o.kind) {
    case OWN_NOTHING:
        snprintf(text, size, "nothing: no part of this appliance has this address");
        break;
    case OWN_NULL:
        snprintf(text, size, "the null page, which is never mapped");
        break;
    case OWN_SHARE:
        snprintf(text, size, "share \"%s\", %#" PRIx64 " from the start", a->shares[o.index].name,
                 (uint64_t)(va - BH_SHARE_BASE(o.index)));
        break;
    case OWN_RING:
    case OWN_ARENA:
        describe_edge(a, &o, text, size);
        break;
    case OWN_BOOT:
        snprintf(text, size, "the core, its boot information");
        break;
    case OWN_STATUS:
        snprintf(text, size, "the core, its status page");
        break;
    case OWN_CROWD:
        snprintf(text, size, "the core, how many want a processor");
        break;
    case OWN_STATS:
        snprintf(text, size, "the core, its statistics");
        break;
    case OWN_CORE:
        describe_image("the core", core, va, text, size);
        break;
    case OWN_GATEWAYS:
        snprintf(text, size, "the gates between protection keys");
        break;
    case OWN_CORE_STACK:
        snprintf(text, size, "the core, its stack of thread %" PRIu32, o.thread);
        break;
    case OWN_TLS:
        describe_tls(a, &o, text, size);
        break;
    case OWN_KERNEL:
        snprintf(text, size, "the kernel's pages, which only ring 0 may use");
        break;
    default:
        describe_compartment(a, &o, va, text, size);
        break;
    }
    return o;
}
