/* The VM's ends of remote edges, and one look at all of them.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "stats.h"

/* So many requests of one edge are taken in a row before the other edges have their turn. */
enum { OTHERS_AFTER = 16 };

/* So many looks at the ring where something came last, for one look at another. */
enum { BUSY_LOOKS = 4 };

/* A peer that has not begun to run after so long does not count: its parked number is only its word. */
enum { WAKING_CYCLES = 10000000 };

struct endpoint endpoints[BH_EDGES_MAX];
uint32_t n_endpoints;
struct endpoint *edge_endpoints[BH_EDGES_MAX];
static uint32_t seen_generation;
struct endpoint *unfenced_endpoints;

static void endpoint_init(struct endpoint *endpoint, const struct bh_boot_edge *edge)
{
    struct bh_edge_region *region = (struct bh_edge_region *)BH_EDGE_BASE(edge->index);
    endpoint->boot = edge;
    endpoint->caller = edge->flags == BH_EDGE_CALLER;
    endpoint->stats = stats_new_end(edge, endpoint->caller);
    endpoint->out.channel = endpoint->caller ? &region->calls : &region->callbacks;
    endpoint->in.channel = endpoint->caller ? &region->callbacks : &region->calls;
    endpoint->mine = endpoint->caller ? &region->from_end : &region->to_end;
    endpoint->peers = endpoint->caller ? &region->to_end : &region->from_end;
    if (!endpoint->caller) {
        const struct bh_image *image = image_of(edge->to);
        endpoint->exports = (const struct bh_export *)image->exports;
        endpoint->n_exports = image->n_exports < BH_FUNCTIONS_MAX ? (uint32_t)image->n_exports : BH_FUNCTIONS_MAX;
    }
    bool poison = boot()->flags & BH_BOOT_POISON;
    if (endpoint->caller)
        bh_arena_init(&endpoint->arena, BH_EDGE_BASE(edge->index) + BH_EDGE_ARENA_OFF, edge->arena_size, poison);
    else
        bh_arena_init(&endpoint->arena, BH_EDGE_BASE(edge->index) + BH_EDGE_CB_ARENA_OFF, BH_EDGE_CB_ARENA_SIZE,
                      poison);
}

void peers_init(void)
{
    const struct bh_boot_edge *edge = boot_edges();
    for (uint32_t i = 0; i < boot()->n_edges; i++, edge++) {
        if ((edge->flags & BH_EDGE_LOCAL) == BH_EDGE_LOCAL || edge->index >= BH_EDGES_MAX)
            continue;
        struct endpoint *endpoint = &endpoints[n_endpoints++];
        endpoint_init(endpoint, edge);
        edge_endpoints[edge->index] = endpoint;
    }
}

void peers_set_parked(bool parked)
{
    static uint32_t number;
    if (parked && ++number == 0)
        number = 1;
    for (uint32_t i = 0; i < n_endpoints; i++)
        atomic_store_explicit(&endpoints[i].mine->parked, parked ? number : 0, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
}

/* False: it is waking up already, and then looks at all rings. */
static bool note_notification(struct endpoint *endpoint, uint32_t parked)
{
    if (endpoint->notified == parked)
        return false;
    endpoint->notified = parked;
    if (stats)
        stats->notifications++;
    endpoint->notified_at = rdtsc();
    atomic_store_explicit(&endpoint->mine->notified_at, endpoint->notified_at, memory_order_relaxed);
    return true;
}

void peer_notify(struct endpoint *endpoint, uint32_t parked)
{
    if (note_notification(endpoint, parked))
        doorbell_notify(endpoint->boot->doorbell);
}

bool peer_needs_processor(const struct endpoint *endpoint)
{
    return crowd_page()->awake >= crowd_page()->processors &&
           atomic_load_explicit(&endpoint->peers->parked, memory_order_relaxed) != endpoint->notified;
}

bool peers_need_processor(void)
{
    for (const struct endpoint *endpoint = unfenced_endpoints; endpoint; endpoint = endpoint->next_unfenced)
        if (peer_waits_for_processor(endpoint))
            return true;
    return false;
}

uint32_t peers_waking(void)
{
    uint64_t now = rdtsc(), seen = 0;
    uint32_t n = 0;
    for (uint32_t i = 0; i < n_endpoints; i++) {
        const struct endpoint *endpoint = &endpoints[i];
        if (endpoint->notified && !endpoint->dead && now - endpoint->notified_at < WAKING_CYCLES &&
            atomic_load_explicit(&endpoint->peers->parked, memory_order_relaxed) == endpoint->notified) {
            n += !(seen >> endpoint->boot->doorbell % 64 & 1); /* two edges to one VM count once */
            seen |= 1ull << endpoint->boot->doorbell % 64;
        }
    }
    return n;
}

bool peers_notified_within(uint64_t start, uint64_t cycles)
{
    for (uint32_t i = 0; i < n_endpoints; i++)
        if (atomic_load_explicit(&endpoints[i].peers->notified_at, memory_order_relaxed) - start < cycles)
            return true;
    return false;
}

uint64_t peers_take_notifications(void)
{
    uint64_t vms = 0;
    /* What was posted must be visible before the numbers are read. */
    atomic_thread_fence(memory_order_seq_cst);
    struct endpoint *endpoint = unfenced_endpoints;
    unfenced_endpoints = NULL;
    for (; endpoint; endpoint = endpoint->next_unfenced) {
        endpoint->unfenced = false;
        uint32_t parked = atomic_load_explicit(&endpoint->peers->parked, memory_order_relaxed);
        if (parked && note_notification(endpoint, parked) && endpoint->boot->doorbell != BH_NO_DOORBELL)
            vms |= 1ull << endpoint->boot->doorbell;
    }
    return vms;
}

void peers_fence_now(void)
{
    for (uint64_t vms = peers_take_notifications(); vms; vms &= vms - 1)
        doorbell_notify((uint32_t)__builtin_ctzll(vms));
}

static void status_changed(void)
{
    stats_status_changed();
    if (status_page()->shutdown && !watch_has(&status_page()->shutdown))
        core_exit(128 + (int)status_page()->shutdown); /* as a shell reports it */
    for (uint32_t i = 0; i < n_endpoints; i++) {
        uint32_t edge = endpoints[i].boot->index;
        if (!endpoints[i].dead && (status_page()->dead_edges[edge / 64] >> (edge % 64) & 1)) {
            endpoints[i].dead = true;
            endpoints[i].orphans = !endpoints[i].caller;
            threads_caller_died(&endpoints[i]);
            gate_out_peer_died(&endpoints[i]);
        }
    }
}

/* Makes the called compartment release what its dead caller was given; tried again later when no thread is free. */
static void tell_of_death(struct endpoint *endpoint)
{
    void (*entry)(void *) = (void (*)(void *))image_of(endpoint->boot->to)->caller_died;
    struct thread *t = entry ? thread_new(entry, (void *)(uintptr_t)endpoint->boot->index, endpoint->boot->to) : NULL;
    if (t)
        thread_ready(t);
    endpoint->orphans = entry && !t;
}

static inline bool poll_endpoint(struct endpoint *endpoint)
{
    bool found = false;
    if (__builtin_expect(endpoint->dead, 0)) {
        if (endpoint->orphans)
            tell_of_death(endpoint);
        return false;
    }
    if (endpoint->out.outstanding & ~endpoint->submitted)
        found = gate_out_poll(endpoint);
    if (bh_in_ready(&endpoint->in) || endpoint->held_valid)
        found |= gate_in_poll(endpoint);
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
    for (uint32_t i = 0; i < n_endpoints; i++)
        found |= poll_endpoint(&endpoints[i]);
    return found;
}

bool peers_poll_some(void)
{
    static uint32_t busy, next, in_a_row; /* a call that blocks enters this function again */
    bool found = false;
    if (n_endpoints) {
        struct endpoint *endpoint = &endpoints[busy];
        for (int i = 0; i < BUSY_LOOKS && !found; i++)
            found = poll_endpoint(endpoint);
    }
    if (found && ++in_a_row % OTHERS_AFTER)
        return true;
    if (next >= n_endpoints) {
        next = 0;
        return poll_others() || found;
    }
    uint32_t other = next++;
    if (!poll_endpoint(&endpoints[other]))
        return found;
    busy = other;
    return true;
}
