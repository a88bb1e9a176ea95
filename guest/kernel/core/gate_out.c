/* Outgoing gate calls and callbacks: post, wait for the reply, run what the callee calls back meanwhile.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "stats.h"

/* Looks at the one reply line before anything else is polled: about three times an undisturbed round trip. */
enum { FAST_POLLS = 512 };

/* So many callbacks in a row before the VM's other threads, edges and timers have their turn: the callee decides how
 * many it makes. */
enum { CALLBACKS_AT_ONCE = 64 };

/* How often to look whether a debugger still holds a VM, at most. */
enum { HELD_NS = 1000000 };

/* Takes a reply; the slot is free for another call from now on. The one who waited for it, or NULL: given up. */
static struct waiter *finish(struct port *port, unsigned slot)
{
    struct pending *p = &port->pending[slot];
    struct waiter *w = p->waiter;
    struct bh_result unwanted;
    bool full = port->out.outstanding == UINT64_MAX;
    bh_out_collect(&port->out, slot, w ? &w->result : &unwanted);
    if (full) /* threads may wait for a free line */
        thread_wake(&port->out, UINT32_MAX);
    if (w)
        w->done = true;
    else if (p->block) /* nobody else frees it */
        gate_arena_free(port->boot->index, port->caller ? BH_ARENA_CALLS : BH_ARENA_CALLBACKS, p->block);
    return w;
}

bool gate_out_poll(struct port *port)
{
    bool found = false;
    for (uint64_t left = port->out.outstanding; left; left &= left - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(left);
        if (!bh_out_ready(&port->out, slot))
            continue;
        struct waiter *w = finish(port, slot);
        if (w)
            thread_wake(w, 1);
        found = true;
    }
    return found;
}

void gate_out_peer_died(struct port *port)
{
    for (uint64_t left = port->out.outstanding; left; left &= left - 1) {
        struct pending *p = &port->pending[__builtin_ctzll(left)];
        struct waiter *w = p->waiter;
        if (!w) {
            if (p->block) /* no reply will come that frees it */
                bh_arena_give(&port->arena, (uint64_t)p->block);
            continue;
        }
        w->result.status = BH_PEER_DIED;
        w->done = true;
        thread_wake(w, 1);
    }
    port->out.outstanding = 0;
    port->held_valid = false;
    thread_wake(&port->out, UINT32_MAX);
    thread_wake((const void *)port->arena.base, UINT32_MAX);
}

bool gate_take_callback(struct port *port, const struct bh_fetched *request)
{
    unsigned parent = request->parent;
    bool waited_for = parent < BH_LINES && (port->out.outstanding >> parent & 1);
    struct waiter *w = waited_for ? port->pending[parent].waiter : NULL;
    if (!w || request->fn >= w->call->n_callbacks) {
        struct bh_result refused = {.status = BH_REFUSED};
        bh_in_reply(&port->in, request, &refused);
        peer_ring_if_parked(port);
        return true;
    }
    if (w->has_callback)
        return false;
    w->callback = *request;
    w->has_callback = true;
    thread_wake(w, 1);
    return true;
}

static void run_callback(struct port *port, struct waiter *w)
{
    struct bh_fetched request = w->callback;
    const struct bh_callback *callback = &w->call->callbacks[request.fn];
    struct bh_incoming in = {.edge = port->boot->index,
                             .fn = request.fn,
                             .slot = request.slot,
                             .caller = port->boot->to};
    w->has_callback = false;
    __builtin_memcpy(in.args, request.args, sizeof(in.args));
    struct bh_result result;
    struct stats_call statistics;
    stats_serve(&statistics, port, &request);
    result.status = enter_callback(port->boot->from, callback, &in);
    result.ret = in.ret;
    __builtin_memcpy(result.words, in.words, sizeof(result.words));
    if (!port->dead) {
        bh_in_reply(&port->in, &request, &result);
        peer_ring_if_parked(port);
    }
    stats_served(&statistics, port, result.status);
}

/* Whether a debugger holds a VM of the appliance, or did since *epoch: then the time that went by does not count. */
static bool was_held(uint32_t *epoch)
{
    uint32_t now = status_page()->hold_epoch;
    bool changed = now != *epoch;
    *epoch = now;
    return changed || status_page()->held;
}

/* True: the reply is there. False: timed out. */
static bool await(struct port *port, unsigned slot, struct waiter *w, uint64_t timeout)
{
    if (timeout == 0)
        return false;
    unsigned callbacks = 0;
    for (int i = 0; i < FAST_POLLS && !threads_waiting_ready() && !w->done; i++) {
        if (bh_out_ready(&port->out, slot)) {
            finish(port, slot);
            return true;
        }
        if (bh_in_ready(&port->in)) /* our callback, most likely */
            gate_in_poll(port);
        if (w->has_callback) {
            run_callback(port, w);
            if (timeout == BH_FOREVER)
                i = 0;
            if (++callbacks % CALLBACKS_AT_ONCE == 0)
                thread_yield();
        }
    }
    uint64_t start = timeout == BH_FOREVER ? 0 : clock_ns();
    uint32_t epoch = status_page()->hold_epoch;
    for (;;) {
        if (w->has_callback)
            run_callback(port, w);
        else if (w->done)
            return true;
        else if (timeout == BH_FOREVER)
            thread_wait(w, BH_FOREVER);
        else {
            uint64_t spent = clock_ns() - start;
            if (spent < timeout) {
                thread_wait(w, timeout - spent);
            } else if (was_held(&epoch)) {
                thread_wait(w, timeout > HELD_NS ? timeout : HELD_NS);
                start = clock_ns(); /* once more, from the beginning */
            } else {
                return false;
            }
        }
    }
}

/* Takes the time it waited off `*timeout`. */
static int wait_for_line(struct port *port, uint64_t *timeout)
{
    if (*timeout == BH_FOREVER || *timeout == 0)
        return thread_wait(&port->out, BH_FOREVER);
    uint32_t epoch = status_page()->hold_epoch;
    uint64_t start = clock_ns();
    int result = thread_wait(&port->out, *timeout);
    if (result && was_held(&epoch))
        return 0; /* once more, with as much time */
    uint64_t spent = clock_ns() - start;
    *timeout = spent < *timeout ? *timeout - spent : 0;
    return result;
}

static enum bh_status make(struct port *port, struct bh_outgoing *call, uint32_t parent)
{
    uint64_t timeout = call->timeout; /* what is left of it */
    uint64_t before;
    int slot;
    for (;;) {
        before = stats_before_post();
        if (port->dead)
            return BH_PEER_DIED;
        slot = bh_out_post(&port->out, call->fn, parent, call->args);
        if (slot >= 0)
            break;
        if (wait_for_line(port, &timeout) == -ETIMEDOUT) {
            if (call->block) /* nothing was sent, but the caller leaves it to us after a time-out */
                gate_arena_free(port->boot->index, port->caller ? BH_ARENA_CALLS : BH_ARENA_CALLBACKS, call->block);
            return BH_TIMED_OUT;
        }
    }
    struct waiter w; /* large: only what is read before it is written */
    w.call = call;
    w.done = false;
    w.has_callback = false;
    struct pending *p = &port->pending[slot];
    p->waiter = &w;
    p->block = NULL;
    peer_ring_if_parked(port);
    struct stats_call statistics;
    stats_posted(&statistics, port, call, (unsigned)slot, before);
    if (!await(port, (unsigned)slot, &w, timeout)) {
        p->waiter = NULL;
        p->block = call->block;
        stats_answered(&statistics, port, BH_TIMED_OUT);
        return BH_TIMED_OUT;
    }
    stats_answered(&statistics, port, w.result.status);
    call->ret = w.result.ret;
    __builtin_memcpy(call->words, w.result.words, sizeof(call->words));
    return w.result.status;
}

enum bh_status gate_call(struct bh_outgoing *call)
{
    struct port *port = port_of_edge(call->edge, true);
    return port ? make(port, call, 0) : BH_NO_GATE;
}

enum bh_status gate_callback(struct bh_outgoing *call)
{
    struct port *port = port_of_edge(call->edge, false);
    return port ? make(port, call, call->parent) : BH_NO_GATE;
}

static struct port *arena_port(uint32_t edge, enum bh_arena which)
{
    return port_of_edge(edge, which == BH_ARENA_CALLS);
}

void *gate_arena_alloc(uint32_t edge, enum bh_arena which, size_t size)
{
    struct port *port = arena_port(edge, which);
    return port ? (void *)bh_arena_take(&port->arena, size) : NULL;
}

void gate_arena_free(uint32_t edge, enum bh_arena which, void *block)
{
    struct port *port = arena_port(edge, which);
    if (!port || !bh_arena_give(&port->arena, (uint64_t)block))
        core_panic("arena: block freed that was not allocated");
    thread_wake((const void *)port->arena.base, UINT32_MAX);
}
