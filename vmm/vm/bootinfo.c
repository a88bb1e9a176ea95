/* Assembles a VM's boot information from the appliance and its placement.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/vm/bootinfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "rpc/mount.h"
#include "rpc/net.h"
#include "vmm/fs/mount.h"
#include "vmm/mpk/keys.h"
#include "vmm/net/net.h"

/* How long guests poll before they park: about as long as it takes to wake the other side. If there are fewer
 * processors than VMs, a VM that polls keeps the one that it waits for from running. */
#define SPIN_US       200u
#define TSC_MHZ_GUESS 2500u /* a spin's length need not be exact */

struct writer {
    uint8_t *bytes; /* BH_BOOTINFO_MAX of them, zero */
    uint32_t used;
    bool full;
};

/* Room for `bytes` more, aligned to 8. NULL, and `full` is set: there is none left. */
static void *take_room(struct writer *w, uint64_t bytes)
{
    uint32_t at = (w->used + 7) & ~7u;
    if (w->full || bytes > BH_BOOTINFO_MAX - at) {
        w->full = true;
        return NULL;
    }
    w->used = at + (uint32_t)bytes;
    return w->bytes + at;
}

static uint32_t offset_of(const struct writer *w, const void *at)
{
    return at ? (uint32_t)((const uint8_t *)at - w->bytes) : 0;
}

static void add_compartments(struct writer *out, const struct resources *w, uint32_t v)
{
    struct bh_bootinfo *b = (struct bh_bootinfo *)out->bytes;
    for (uint32_t i = 0; i < w->a->n_compartments; i++) {
        const struct compartment *c = &w->a->compartments[i];
        struct bh_boot_compartment *to;
        if (!vm_holds(w->a, v, i) || !(to = take_room(out, sizeof(*to))))
            continue;
        if (!b->n_compartments++)
            b->compartments_off = offset_of(out, to);
        to->index = i;
        to->flags = c->is_default ? BH_COMPARTMENT_DEFAULT : 0;
        to->heap_va = BH_COMPARTMENT_BASE(i) + BH_HEAP_OFF;
        to->heap_size = page_up(c->memory);
        to->stack_size = c->stack;
        to->shared_va = BH_COMPARTMENT_BASE(i) + BH_SHARED_OFF;
        to->shared_size = statics_size(w, i);
        to->share = c->share;
        snprintf(to->name, sizeof(to->name), "%s", c->name);
    }
}

static void add_shares(struct writer *out, const struct resources *w, uint32_t v)
{
    struct bh_bootinfo *b = (struct bh_bootinfo *)out->bytes;
    for (uint32_t i = 0; i < w->a->n_shares; i++) {
        const struct share *s = &w->a->shares[i];
        struct bh_boot_share *to;
        if (!vm_has_share(w->a, v, i) || !(to = take_room(out, sizeof(*to))))
            continue;
        if (!b->n_shares++)
            b->shares_off = offset_of(out, to);
        to->index = i;
        to->members = (uint32_t)__builtin_popcountll(s->members);
        to->va = BH_SHARE_BASE(i);
        to->size = page_up(s->size);
        to->slice = to->size / to->members & ~(PAGE - 1);
        to->member_mask = s->members;
        snprintf(to->name, sizeof(to->name), "%s", s->name);
    }
}

static void add_range(struct bh_boot_edge *e, uint64_t va, uint64_t size, bool *full)
{
    if (!size)
        return;
    if (e->n_ranges == BH_RANGES_MAX) {
        *full = true;
        return;
    }
    e->ranges[e->n_ranges++] = (struct bh_range){va, size};
}

/* Statics and shadow stacks of compartment `of`, if `other` is in its default share. */
static void add_data(struct bh_boot_edge *e, const struct resources *w, uint32_t of, uint32_t other, bool *full)
{
    uint32_t share = w->a->compartments[of].share;
    if (share == BH_NO_SHARE || !(w->a->shares[share].members >> other & 1))
        return;
    uint64_t base = BH_COMPARTMENT_BASE(of);
    add_range(e, base + BH_SHARED_OFF, statics_size(w, of), full);
    add_range(e, base + BH_STACKS_OFF + BH_SHADOW_DELTA, stacks_size(w->a, of), full);
}

static bool fill_ranges(struct bh_boot_edge *to, const struct resources *w, const struct edge *e)
{
    bool full = false;
    if (e->strategy == BH_DATA_COPY)
        return true;
    for (uint32_t i = 0; i < w->a->n_shares; i++) {
        const struct share *s = &w->a->shares[i];
        if ((s->members >> e->from & 1) && (s->members >> e->to & 1))
            add_range(to, BH_SHARE_BASE(i), page_up(s->size), &full);
    }
    add_data(to, w, e->from, e->to, &full);
    add_data(to, w, e->to, e->from, &full);
    return !full;
}

static bool add_edges(struct writer *out, const struct resources *w, uint32_t v, struct problem *p)
{
    struct bh_bootinfo *b = (struct bh_bootinfo *)out->bytes;
    for (uint32_t i = 0; i < w->a->n_edges; i++) {
        const struct edge *e = &w->a->edges[i];
        struct bh_boot_edge *to;
        if (!vm_has_edge(w->a, v, e) || !(to = take_room(out, sizeof(*to))))
            continue;
        if (!b->n_edges++)
            b->edges_off = offset_of(out, to);
        bool caller = vm_holds(w->a, v, e->from);
        to->index = i;
        to->from = e->from;
        to->to = e->to;
        to->flags = (caller ? BH_EDGE_CALLER : 0) | (vm_holds(w->a, v, e->to) ? BH_EDGE_CALLEE : 0);
        to->flags |= edge_keyed(w->a, e) ? BH_EDGE_KEYED : 0;
        to->flags |= edge_light(w->a, e) ? BH_EDGE_LIGHT : 0;
        to->flags |= e->ports_listed && vm_holds(w->a, v, e->to) ? BH_EDGE_PORTS : 0;
        to->strategy = e->strategy;
        to->doorbell = edge_crosses(w->a, e) ? edge_peer_vm(w->a, v, e) : BH_NO_DOORBELL;
        to->arena_size = page_up(e->arena);
        memcpy(to->granted, e->granted, sizeof(to->granted));
        snprintf(to->peer, sizeof(to->peer), "%s", w->a->compartments[caller ? e->to : e->from].name);
        if (!fill_ranges(to, w, e)) {
            return problem_set(p, EXIT_USAGE, "edge %s -> %s: more than %u shares in common",
                               w->a->compartments[e->from].name, w->a->compartments[e->to].name, BH_RANGES_MAX - 4);
        }
    }
    return true;
}

static void add_ports(struct writer *out, const struct resources *w, uint32_t v)
{
    struct bh_bootinfo *b = (struct bh_bootinfo *)out->bytes;
    for (uint32_t i = 0; i < w->a->n_edges; i++) {
        const struct edge *e = &w->a->edges[i];
        for (uint32_t n = 0; n < e->n_ports && vm_holds(w->a, v, e->to); n++) {
            struct bh_boot_port *to = take_room(out, sizeof(*to));
            if (!to)
                return;
            if (!b->n_ports++)
                b->ports_off = offset_of(out, to);
            *to = (struct bh_boot_port){
                .edge = i, .protocol = e->ports[n].protocol, .first = e->ports[n].first, .last = e->ports[n].last};
        }
    }
}

static void add_net(struct writer *out, const struct resources *w, uint32_t v)
{
    struct bh_boot_net *to;
    if (vm_has_net(w->a, v) && (to = take_room(out, sizeof(*to)))) {
        net_describe(w->a, to);
        ((struct bh_bootinfo *)out->bytes)->net_off = offset_of(out, to);
    }
}

static void add_mounts(struct writer *out, const struct resources *w, uint32_t v)
{
    struct bh_bootinfo *b = (struct bh_bootinfo *)out->bytes;
    for (uint32_t i = 0; i < w->a->n_mounts; i++) {
        const struct mount *m = &w->a->mounts[i];
        struct bh_boot_mount *to;
        if (!vm_has_mount(w->a, v, i) || !(to = take_room(out, sizeof(*to))))
            continue;
        if (!b->n_mounts++)
            b->mounts_off = offset_of(out, to);
        to->index = i;
        to->compartment = m->compartment;
        to->flags = m->read_only ? BH_MOUNT_READ_ONLY : 0;
        snprintf(to->name, sizeof(to->name), "%s", m->name);
        snprintf(to->path, sizeof(to->path), "%s", m->path);
    }
}

static uint32_t add_strings(struct writer *out, const char **list, uint32_t n)
{
    uint32_t start = out->used;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t bytes = strlen(list[i]) + 1;
        if (out->full || bytes > BH_BOOTINFO_MAX - out->used) {
            out->full = true;
            return 0;
        }
        memcpy(out->bytes + out->used, list[i], bytes);
        out->used += (uint32_t)bytes;
    }
    return start;
}

static uint64_t spin_cycles(const struct resources *w)
{
    if (w->o->spin_given)
        return w->o->spin_cycles;
    return SPIN_US * (uint64_t)TSC_MHZ_GUESS;
}

static void add_head(struct writer *out, const struct resources *w, uint32_t v)
{
    struct bh_bootinfo *b = take_room(out, sizeof(*b));
    b->magic = BH_BOOT_MAGIC;
    b->version = BH_ABI_VERSION;
    b->vm = v;
    b->doorbell = w->h->doorbell;
    b->n_threads = w->a->vms[v].n_threads;
    b->flags = (w->o->marks ? BH_BOOT_MARKS : 0) | (keys_needed(w->a, v) ? BH_BOOT_KEYS : 0);
    b->flags |= w->o->no_stats ? 0 : BH_BOOT_STATS;
    b->flags |= w->o->poison ? BH_BOOT_POISON : 0;
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
        b->flags |= isatty(stream) ? BH_BOOT_TTY(stream) : 0;
    b->spin_cycles = spin_cycles(w);
}

struct bh_bootinfo *bootinfo_make(const struct resources *w, uint32_t v, uint32_t *size, struct problem *p)
{
    struct writer out = {.bytes = calloc(1, BH_BOOTINFO_MAX)};
    struct bh_bootinfo *b = (struct bh_bootinfo *)out.bytes;
    if (!b) {
        problem_set(p, EXIT_HOST, "out of memory");
        return NULL;
    }
    add_head(&out, w, v);
    if (getrandom(&b->canary, sizeof(b->canary), 0) != (ssize_t)sizeof(b->canary)) {
        problem_set(p, EXIT_HOST, "no random numbers");
        goto fail;
    }
    add_compartments(&out, w, v);
    add_shares(&out, w, v);
    if (!add_edges(&out, w, v, p))
        goto fail;
    add_ports(&out, w, v);
    add_net(&out, w, v);
    add_mounts(&out, w, v);
    if (vm_holds(w->a, v, w->a->default_compartment)) {
        b->n_args = w->a->n_args;
        b->args_off = add_strings(&out, w->a->args, b->n_args);
        b->n_env = w->a->n_env;
        b->env_off = add_strings(&out, w->a->env, b->n_env);
    }
    if (out.full) {
        problem_set(p, EXIT_USAGE, "arguments and environment of the application exceed 1 MiB");
        goto fail;
    }
    b->size = *size = out.used;
    return b;
fail:
    free(b);
    return NULL;
}
