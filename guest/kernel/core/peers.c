/* The VM's ends of remote edges, and one look at all of them.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "stats.h"

/* Requests in a row of one edge before the others have their turn. */
enum { OTHERS_AFTER = 16 };

/* Looks at the ring where something came last, for one look at another. */
enum { BUSY_LOOKS = 4 };

struct port ports[BH_EDGES_MAX];
uint32_t n_ports;
struct port *edge_ports[BH_EDGES_MAX];
static uint32_t seen_generation;
struct port *unfenced_ports;

static void port_init(struct port *port, const struct bh_boot_edge *edge)
{
    struct bh_edge_region *region = (struct bh_edge_region *)BH_EDGE_BASE(edge->index);
    port->boot = edge;
    port->caller = edge->flags == BH_EDGE_CALLER;
    port->stats = stats_new_end(edge, port->caller);
    port->out.channel = port->caller ? &region->calls : &region->callbacks;
    port->in.channel = port->caller ? &region->callbacks : &region->calls;
    port->mine = port->caller ? &region->from_end : &region->to_end;
    port->peers = port->caller ? &region->to_end : &region->from_end;
    if (!port->caller) {
        const struct bh_image *image = image_of(edge->to);
        port->exports = (const struct bh_export *)image->exports;
        port->n_exports = image->n_exports < BH_FUNCTIONS_MAX ? (uint32_t)image->n_exports : BH_FUNCTIONS_MAX;
    }
    if (port->caller)
        bh_arena_init(&port->arena, BH_EDGE_BASE(edge->index) + BH_EDGE_ARENA_OFF, edge->arena_size);
    else
        bh_arena_init(&port->arena, BH_EDGE_BASE(edge->index) + BH_EDGE_CB_ARENA_OFF, BH_EDGE_CB_ARENA_SIZE);
}

void peers_init(void)
{
    const struct bh_boot_edge *edge = (const void *)((const char *)boot() + boot()->edges_off);
    for (uint32_t i = 0; i < boot()->n_edges; i++, edge++) {
        if ((edge->flags & BH_EDGE_LOCAL) == BH_EDGE_LOCAL || edge->index >= BH_EDGES_MAX)
            continue;
        struct port *port = &ports[n_ports++];
        port_init(port, edge);
        edge_ports[edge->index] = port;
    }
}

void peers_set_parked(bool parked)
{
    static uint32_t number;
    if (parked && ++number == 0)
        number = 1;
    for (uint32_t i = 0; i < n_ports; i++)
        atomic_store_explicit(&ports[i].mine->parked, parked ? number : 0, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
}

void peer_ring(struct port *port, uint32_t parked)
{
    if (port->rung == parked) /* its wake-up is under way, and it looks at all rings then */
        return;
    port->rung = parked;
    if (stats)
        stats->bells++;
    atomic_store_explicit(&port->mine->rang, rdtsc(), memory_order_relaxed);
    ring_bell(port->boot->bell);
}

bool peers_rang_within(uint64_t start, uint64_t cycles)
{
    for (uint32_t i = 0; i < n_ports; i++)
        if (atomic_load_explicit(&ports[i].peers->rang, memory_order_relaxed) - start < cycles)
            return true;
    return false;
}

void peers_fence_now(void)
{
    /* What was posted must be visible before the numbers are read. */
    atomic_thread_fence(memory_order_seq_cst);
    struct port *port = unfenced_ports;
    unfenced_ports = NULL;
    for (; port; port = port->next_unfenced) {
        port->unfenced = false;
        uint32_t parked = atomic_load_explicit(&port->peers->parked, memory_order_relaxed);
        if (parked)
            peer_ring(port, parked);
    }
}

static void status_changed(void)
{
    stats_status_changed();
    if (status_page()->shutdown && !watch_has(&status_page()->shutdown))
        core_exit(128 + (int)status_page()->shutdown); /* as a shell tells it */
    for (uint32_t i = 0; i < n_ports; i++) {
        uint32_t edge = ports[i].boot->index;
        if (!ports[i].dead && (status_page()->dead_edges[edge / 64] >> (edge % 64) & 1)) {
            ports[i].dead = true;
            ports[i].orphans = !ports[i].caller;
            threads_caller_died(&ports[i]);
            gate_out_peer_died(&ports[i]);
        }
    }
}

/* Has the called compartment release what a dead caller was given; again later when no thread is free. */
static void tell_of_death(struct port *port)
{
    void (*entry)(void *) = (void (*)(void *))image_of(port->boot->to)->caller_died;
    struct thread *t = entry ? thread_new(entry, (void *)(uintptr_t)port->boot->index, port->boot->to) : NULL;
    if (t)
        thread_ready(t);
    port->orphans = entry && !t;
}

static inline bool poll_port(struct port *port)
{
    bool found = false;
    if (__builtin_expect(port->dead, 0)) {
        if (port->orphans)
            tell_of_death(port);
        return false;
    }
    if (port->out.outstanding & ~port->submitted)
        found = gate_out_poll(port);
    if (bh_in_ready(&port->in) || port->held_valid)
        found |= gate_in_poll(port);
    return found;
}

static bool poll_others(void)
{
    bool found = watch_poll();
    uint32_t generation = status_page()->generation;
    if (generation != seen_generation) {
        seen_generation = generation;
        status_changed();
        found = true;
    }
    return found;
}

bool peers_poll(void)
{
    bool found = poll_others();
    for (uint32_t i = 0; i < n_ports; i++)
        found |= poll_port(&ports[i]);
    return found;
}

bool peers_poll_some(void)
{
    static uint32_t busy, next, in_a_row; /* a call that blocks comes by here again, in the middle */
    bool found = false;
    if (n_ports) {
        struct port *port = &ports[busy];
        for (int i = 0; i < BUSY_LOOKS && !found; i++)
            found = poll_port(port);
    }
    if (found && ++in_a_row % OTHERS_AFTER)
        return true;
    if (next >= n_ports) {
        next = 0;
        return poll_others() || found;
    }
    uint32_t other = next++;
    if (!poll_port(&ports[other]))
        return found;
    busy = other;
    return true;
}
