/* Outgoing gate calls and callbacks: find a free slot, post the request, take the reply.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "gate_out.h"
#include "stats.h"

/* Reply slots fetched ahead of their turn, when submitted calls are collected in the order of their slots. */
enum { AHEAD = 2 };

/* Polls as long as nothing else happens in this VM, so that nobody needs to know that a thread waits for the slot. */
static inline bool reply_comes_soon(struct endpoint *endpoint, unsigned slot)
{
    for (int i = 0; i < FAST_POLLS; i++) {
        if (bh_out_ready(&endpoint->out, slot))
            return true;
        if (threads_waiting_ready() || bh_in_ready(&endpoint->in))
            return false;
        if (i == FENCE_AFTER)
            peers_fence();
    }
    return false;
}

static inline enum bh_status await_reply(struct endpoint *endpoint, unsigned slot, struct bh_outgoing *call,
                                         uint64_t timeout)
{
    if (timeout != 0 && !peer_waits_for_processor(endpoint) && reply_comes_soon(endpoint, slot))
        return take_reply(endpoint, slot, call->values);
    return gate_await(endpoint, slot, call, timeout);
}

/* Sleeps until a slot is free; subtracts the time from `*timeout`. */
static int wait_for_slot(struct endpoint *endpoint, uint64_t *timeout)
{
    if (*timeout == BH_FOREVER || *timeout == 0)
        return thread_sleep(&endpoint->out, BH_FOREVER);
    uint32_t epoch = status_page()->hold_epoch;
    uint64_t start = clock_ns();
    int result = thread_sleep(&endpoint->out, *timeout);
    if (result && gate_was_held(&epoch))
        return 0; /* try again, with as much time */
    uint64_t spent = clock_ns() - start;
    *timeout = spent < *timeout ? *timeout - spent : 1; /* 0 has a meaning of its own */
    return result;
}

/* Does the current thread hold a slot that only its own gate_collect() frees? */
static bool holds_a_slot(const struct endpoint *endpoint)
{
    for (uint64_t left = endpoint->submitted; left; left &= left - 1)
        if (endpoint->pending[__builtin_ctzll(left)].thread == current->id)
            return true;
    return false;
}

/* Posts the request; the slot of its reply, or -1 if no slot is free. */
static inline int send_request(struct endpoint *endpoint, struct bh_outgoing *call, uint32_t parent)
{
    int slot = bh_out_post(&endpoint->out, call->fn, parent, call->args);
    if (__builtin_expect(slot < 0, 0))
        return -1;
    endpoint->pending[slot].waiter = NULL;
    endpoint->pending[slot].block = NULL;
    peer_posted(endpoint);
    return slot;
}

/* Sends a call as soon as a slot is free; subtracts the time that this took from `*timeout`. */
static __attribute__((noinline)) enum bh_status post_later(struct endpoint *endpoint, struct bh_outgoing *call,
                                                           uint32_t parent, uint64_t *timeout, unsigned *slot,
                                                           uint64_t *before)
{
    while (!endpoint->dead) {
        *before = stats_before_post();
        int free = send_request(endpoint, call, parent);
        if (free >= 0) {
            *slot = (unsigned)free;
            return BH_OK;
        }
        if (gate_out_poll(endpoint)) /* late replies of calls that timed out, perhaps */
            continue;
        if (holds_a_slot(endpoint))
            return BH_BUSY;
        if (wait_for_slot(endpoint, timeout) == -ETIMEDOUT) {
            if (call->block) /* nothing was sent, but after a time-out the caller leaves the block to the core */
                gate_arena_free(endpoint->boot->index, endpoint->caller ? BH_ARENA_CALLS : BH_ARENA_CALLBACKS,
                                call->block);
            return BH_TIMED_OUT;
        }
    }
    return BH_PEER_DIED;
}

/* Waits for the reply of a call that is posted. */
static inline __attribute__((always_inline)) enum bh_status await_posted(struct endpoint *endpoint,
                                                                         struct bh_outgoing *call, unsigned slot,
                                                                         uint64_t timeout, uint64_t before)
{
    struct stats_call statistics;
    stats_posted(&statistics, endpoint, call, slot, before);
    enum bh_status status = await_reply(endpoint, slot, call, timeout);
    if (timeout == 0 && status == BH_TIMED_OUT) {
        statistics.timed = false;
        stats_answered(&statistics, endpoint, BH_OK); /* nobody wanted to wait, so nothing came too late */
    } else {
        stats_answered(&statistics, endpoint, status);
    }
    return status;
}

static __attribute__((noinline)) enum bh_status make_call_later(struct endpoint *endpoint, struct bh_outgoing *call,
                                                                uint32_t parent)
{
    uint64_t timeout = call->timeout;
    uint64_t before;
    unsigned slot;
    enum bh_status status = post_later(endpoint, call, parent, &timeout, &slot, &before);
    return status == BH_OK ? await_posted(endpoint, call, slot, timeout, before) : status;
}

static inline __attribute__((always_inline)) enum bh_status make_call(struct endpoint *endpoint,
                                                                      struct bh_outgoing *call, uint32_t parent)
{
    uint64_t before = stats_before_post();
    int slot = endpoint->dead ? -1 : send_request(endpoint, call, parent);
    if (__builtin_expect(slot < 0, 0))
        return make_call_later(endpoint, call, parent);
    return await_posted(endpoint, call, (unsigned)slot, call->timeout, before);
}

enum bh_status gate_call(struct bh_outgoing *call)
{
    struct endpoint *endpoint = endpoint_of_edge(call->edge, true);
    return call->status = endpoint ? make_call(endpoint, call, 0) : BH_NO_GATE;
}

enum bh_status gate_callback(struct bh_outgoing *call)
{
    struct endpoint *endpoint = endpoint_of_edge(call->edge, false);
    return endpoint ? make_call(endpoint, call, call->parent) : BH_NO_GATE;
}

enum bh_status gate_submit(struct bh_outgoing *call)
{
    struct endpoint *endpoint = endpoint_of_edge(call->edge, true);
    if (!endpoint)
        return BH_NO_GATE;
    int slot = endpoint->dead ? -1 : send_request(endpoint, call, 0);
    if (__builtin_expect(slot < 0, 0)) {
        uint64_t timeout = call->timeout, before;
        unsigned later;
        enum bh_status status = post_later(endpoint, call, 0, &timeout, &later, &before);
        if (status != BH_OK)
            return status;
        slot = (int)later;
    }
    if (peer_waits_for_processor(endpoint)) /* this thread goes on */
        peers_fence();
    endpoint->submitted |= 1ull << slot;
    endpoint->pending[slot].thread = current->id;
    call->slot = (uint16_t)slot;
    stats_submitted(endpoint, call);
    return BH_OK;
}

/* The endpoint of a submitted call; NULL: no such call is under way. */
static struct endpoint *submitted_endpoint(const struct bh_outgoing *call)
{
    struct endpoint *endpoint = endpoint_of_edge(call->edge, true);
    return endpoint && call->slot < BH_SLOTS && (endpoint->submitted >> call->slot & 1) ? endpoint : NULL;
}

static enum bh_status collect_reply(struct endpoint *endpoint, unsigned slot, struct bh_outgoing *call)
{
    endpoint->submitted &= ~(1ull << slot);
    if (bh_out_ready(&endpoint->out, slot)) {
        bh_out_ahead(&endpoint->out, slot + AHEAD);
        return take_reply(endpoint, slot, call->values);
    }
    if (!endpoint->dead)
        return await_reply(endpoint, slot, call, call->timeout);
    endpoint->out.outstanding &= ~(1ull << slot);
    return BH_PEER_DIED;
}

enum bh_status gate_collect(struct bh_outgoing *call)
{
    struct endpoint *endpoint = submitted_endpoint(call);
    if (!endpoint)
        return BH_BAD_ARGUMENT;
    enum bh_status status = collect_reply(endpoint, call->slot, call);
    stats_collected(endpoint, status);
    return status;
}

int gate_ready(const struct bh_outgoing *call)
{
    const struct endpoint *endpoint = submitted_endpoint(call);
    peers_fence();
    return !endpoint || endpoint->dead || bh_out_ready(&endpoint->out, call->slot);
}

static struct endpoint *arena_endpoint(uint32_t edge, enum bh_arena which)
{
    return endpoint_of_edge(edge, which == BH_ARENA_CALLS);
}

void *gate_arena_alloc(uint32_t edge, enum bh_arena which, size_t size)
{
    struct endpoint *endpoint = arena_endpoint(edge, which);
    uint64_t block = endpoint ? bh_arena_take(&endpoint->arena, size) : 0;
    if (!block && endpoint && gate_out_poll(endpoint)) /* late replies give blocks back */
        block = bh_arena_take(&endpoint->arena, size);
    if (block && size <= BH_ARENA_ALIGN) { /* block and request slot; a longer copy would lose them again */
        bh_own((const void *)block);
        bh_out_own(&endpoint->out);
    }
    return (void *)block;
}

void gate_arena_free(uint32_t edge, enum bh_arena which, void *block)
{
    struct endpoint *endpoint = arena_endpoint(edge, which);
    if (!endpoint || !bh_arena_give(&endpoint->arena, (uint64_t)block))
        core_panic("arena: block freed that was not allocated");
    thread_wakeup((const void *)endpoint->arena.base, UINT32_MAX);
}
