/* Gate calls of a VM with protection keys as the core makes them for a domain: the call is copied, its edge and every
 * address are checked against what the domain may use.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "keyed_calls.h"
#include "keys.h"

enum { CALLBACKS_MAX = 16 };

static struct local_arenas { /* arenas of an edge between two domains */
    const struct bh_boot_edge *boot;
    struct bh_arena_map arena[2]; /* enum bh_arena */
} locals[64];
static uint32_t n_locals;

static const struct bh_boot_edge *local_edge(uint32_t index)
{
    const struct bh_boot_edge *e = boot_edges();
    for (uint32_t i = 0; i < boot()->n_edges; i++, e++)
        if (e->index == index)
            return e->flags & BH_EDGE_KEYED ? e : NULL;
    return NULL;
}

/* The arenas are set up when the edge first needs one. NULL: not an edge between two domains of this VM. */
static struct local_arenas *find_local_arenas(uint32_t edge)
{
    for (uint32_t i = 0; i < n_locals; i++)
        if (locals[i].boot->index == edge)
            return &locals[i];
    const struct bh_boot_edge *e = local_edge(edge);
    if (!e)
        return NULL;
    if (n_locals == sizeof(locals) / sizeof(locals[0]))
        core_panic("more than 64 edges between protection keys copy data");
    struct local_arenas *l = &locals[n_locals++];
    l->boot = e;
    bool poison = boot()->flags & BH_BOOT_POISON;
    bh_arena_init(&l->arena[BH_ARENA_CALLS], BH_EDGE_BASE(edge) + BH_EDGE_ARENA_OFF, e->arena_size, poison);
    bh_arena_init(&l->arena[BH_ARENA_CALLBACKS], BH_EDGE_BASE(edge) + BH_EDGE_CB_ARENA_OFF, BH_EDGE_CB_ARENA_SIZE,
                  poison);
    return l;
}

/* Whether the caller is the calling end of this direction of the edge. */
static bool owns_direction(uint32_t caller, const struct bh_boot_edge *e, enum bh_arena which)
{
    return keys_same_domain(caller, which == BH_ARENA_CALLS ? e->from : e->to);
}

/* An outgoing call and its callbacks, copied to the core's memory, so that it does not matter what the caller does to
 * its own meanwhile. */
struct taken_call {
    struct bh_outgoing call;
    struct bh_callback callbacks[CALLBACKS_MAX];
};

static bool take_call(uint32_t caller, const struct bh_outgoing *from, struct taken_call *t)
{
    if (!keys_allow(caller, (uint64_t)from, sizeof(*from)))
        return false;
    memcpy(&t->call, from, sizeof(t->call));
    size_t bytes = t->call.n_callbacks * sizeof(t->callbacks[0]);
    if (t->call.n_callbacks > CALLBACKS_MAX || (bytes && !keys_allow(caller, (uint64_t)t->call.callbacks, bytes)))
        return false;
    memcpy(t->callbacks, t->call.callbacks, bytes);
    t->call.callbacks = t->callbacks;
    return true;
}

static enum bh_status give_results(const struct taken_call *t, struct bh_outgoing *to, enum bh_status status)
{
    to->ret = t->call.ret;
    memcpy(to->words, t->call.words, sizeof(to->words));
    to->status = status;
    return status;
}

/* Copies the caller's call, if its edge leads to another VM. Edges to other domains of this VM have gates of their own
 * for every function that they grant. */
static enum bh_status take_remote_call(const struct bh_outgoing *out, struct taken_call *t)
{
    uint32_t caller = keys_caller();
    if (!take_call(caller, out, t))
        return BH_BAD_ARGUMENT;
    const struct bh_boot_edge *local = local_edge(t->call.edge);
    if (local && owns_direction(caller, local, BH_ARENA_CALLS))
        return BH_REFUSED;
    struct endpoint *endpoint = endpoint_of_edge(t->call.edge, true);
    return endpoint && owns_direction(caller, endpoint->boot, BH_ARENA_CALLS) ? BH_OK : BH_NO_GATE;
}

enum bh_status keyed_call(struct bh_outgoing *out)
{
    struct taken_call t;
    enum bh_status status = take_remote_call(out, &t);
    if (status == BH_OK)
        return give_results(&t, out, gate_call(&t.call));
    return status == BH_BAD_ARGUMENT ? status : give_results(&t, out, status);
}

enum bh_status keyed_submit(struct bh_outgoing *out)
{
    struct taken_call t;
    enum bh_status status = take_remote_call(out, &t);
    if (status == BH_OK)
        status = gate_submit(&t.call);
    if (status == BH_OK)
        out->slot = t.call.slot;
    return status;
}

enum bh_status keyed_collect(struct bh_outgoing *out)
{
    struct taken_call t;
    enum bh_status status = take_remote_call(out, &t);
    return status == BH_OK ? give_results(&t, out, gate_collect(&t.call)) : status;
}

int keyed_ready(const struct bh_outgoing *out)
{
    struct taken_call t;
    return take_remote_call(out, &t) != BH_OK || gate_ready(&t.call);
}

/* Runs a callback of a call over an edge between two domains, on this same thread. */
static enum bh_status local_callback(const struct bh_boot_edge *edge, struct bh_outgoing *back)
{
    struct taken_call t;
    const struct bh_outgoing *parent = keys_call_in_flight(edge, back->parent);
    if (!parent || !take_call(edge->from, parent, &t) || t.call.edge != edge->index || back->fn >= t.call.n_callbacks)
        return BH_REFUSED;
    struct bh_incoming in = {.edge = edge->index, .fn = back->fn, .slot = (uint16_t)back->parent};
    memcpy(in.args, back->args, sizeof(in.args));
    enum bh_status status = enter_callback(edge->from, &t.callbacks[back->fn], &in);
    back->ret = in.ret;
    memcpy(back->words, in.words, sizeof(back->words));
    return bh_status_of_callee(status);
}

enum bh_status keyed_callback(struct bh_outgoing *out)
{
    uint32_t caller = keys_caller();
    struct taken_call t;
    if (!take_call(caller, out, &t))
        return BH_BAD_ARGUMENT;
    const struct bh_boot_edge *edge = local_edge(t.call.edge);
    if (edge && owns_direction(caller, edge, BH_ARENA_CALLBACKS))
        return give_results(&t, out, local_callback(edge, &t.call));
    struct endpoint *endpoint = endpoint_of_edge(t.call.edge, false);
    if (!endpoint || !owns_direction(caller, endpoint->boot, BH_ARENA_CALLBACKS))
        return BH_NO_GATE;
    return give_results(&t, out, gate_callback(&t.call));
}

void *keyed_arena_alloc(uint32_t edge, enum bh_arena which, size_t size)
{
    uint32_t caller = keys_caller();
    if (which != BH_ARENA_CALLS && which != BH_ARENA_CALLBACKS)
        return NULL;
    struct endpoint *endpoint = endpoint_of_edge(edge, which == BH_ARENA_CALLS);
    if (endpoint)
        return owns_direction(caller, endpoint->boot, which) ? gate_arena_alloc(edge, which, size) : NULL;
    struct local_arenas *l = find_local_arenas(edge);
    return l && owns_direction(caller, l->boot, which) ? (void *)bh_arena_take(&l->arena[which], size) : NULL;
}

void keyed_arena_free(uint32_t edge, enum bh_arena which, void *block)
{
    uint32_t caller = keys_caller();
    if (which != BH_ARENA_CALLS && which != BH_ARENA_CALLBACKS)
        return;
    struct endpoint *endpoint = endpoint_of_edge(edge, which == BH_ARENA_CALLS);
    if (endpoint && owns_direction(caller, endpoint->boot, which)) {
        gate_arena_free(edge, which, block);
        return;
    }
    struct local_arenas *l = find_local_arenas(edge);
    if (!l || !owns_direction(caller, l->boot, which) || !bh_arena_give(&l->arena[which], (uint64_t)block))
        core_panic("arena: block freed that was not allocated");
    thread_wakeup((const void *)l->arena[which].base, UINT32_MAX);
}
