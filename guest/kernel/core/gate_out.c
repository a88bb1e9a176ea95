/* Outgoing gate calls and callbacks: post, wait for the reply, run what the callee calls back meanwhile.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "stats.h"

/* Looks at the one reply line before anything else is polled: about three times an undisturbed round trip. */
enum { FAST_POLLS = 1024, FENCE_AFTER = 128 };

/* Reply lines fetched ahead of their turn, when submitted calls are collected in the order of their slots. */
enum { AHEAD = 2 };

/* So many callbacks in a row before the VM's other threads, edges and timers have their turn: the callee decides how
 * many it makes. */
enum { CALLBACKS_AT_ONCE = 64 };

/* How often to look whether a debugger still holds a VM, at most. */
enum { HELD_NS = 1000000 };

/* Takes a reply; the slot is free for another call from now on. */
static inline enum bh_status take(struct port *port, unsigned slot, uint64_t values[BH_VALUES])
{
    bool full = port->out.outstanding == UINT64_MAX;
    enum bh_status status = bh_out_collect(&port->out, slot, values);
    if (__builtin_expect(full, 0)) /* threads may wait for a free line */
        thread_wake(&port->out, UINT32_MAX);
    return status;
}

/* Gives a reply to the one who waits for it; NULL: given up. */
static struct waiter *finish(struct port *port, unsigned slot)
{
    struct pending *p = &port->pending[slot];
    struct waiter *w = p->waiter;
    uint64_t unwanted[BH_VALUES];
    enum bh_status status = take(port, slot, w ? w->call->values : unwanted);
    if (w) {
        w->status = status;
        w->done = true;
    } else if (p->block) { /* nobody else frees it */
        gate_arena_free(port->boot->index, port->caller ? BH_ARENA_CALLS : BH_ARENA_CALLBACKS, p->block);
    }
    return w;
}

bool gate_out_poll(struct port *port)
{
    bool found = false;
    for (uint64_t left = port->out.outstanding & ~port->submitted; left; left &= left - 1) {
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
    gate_out_poll(port); /* replies that came before */
    for (uint64_t left = port->out.outstanding & ~port->submitted; left; left &= left - 1) {
        struct pending *p = &port->pending[__builtin_ctzll(left)];
        struct waiter *w = p->waiter;
        if (!w) {
            if (p->block) /* no reply will come that frees it */
                bh_arena_give(&port->arena, (uint64_t)p->block);
            continue;
        }
        w->status = BH_PEER_DIED;
        w->done = true;
        thread_wake(w, 1);
    }
    port->out.outstanding &= port->submitted; /* gate_collect() tells */
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
        static const uint64_t nothing[BH_VALUES];
        bh_in_reply(&port->in, request, BH_REFUSED, nothing);
        peer_posted(port);
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
    struct bh_incoming in = {.edge = port->boot->index, .fn = request.fn, .slot = request.slot};
    w->has_callback = false;
    __builtin_memcpy(in.args, request.args, sizeof(in.args));
    struct stats_call statistics;
    stats_serve(&statistics, port, &request);
    enum bh_status status = enter_callback(port->boot->from, callback, &in);
    if (!port->dead) {
        bh_in_reply(&port->in, &request, status, in.values);
        peer_posted(port);
    }
    stats_served(&statistics, port, status);
}

/* Polls for a short while. True: w->done. */
static bool await_polling(struct port *port, unsigned slot, struct waiter *w, uint64_t timeout)
{
    unsigned callbacks = 0;
    for (int i = 0; i < FAST_POLLS; i++) {
        if (bh_out_ready(&port->out, slot)) {
            finish(port, slot);
            return true;
        }
        if (threads_waiting_ready())
            return false;
        if (i == FENCE_AFTER)
            peers_fence();
        if (!bh_in_ready(&port->in))
            continue;
        gate_in_poll(port); /* our callback, most likely */
        if (!w->has_callback)
            continue;
        run_callback(port, w);
        if (timeout == BH_FOREVER)
            i = 0;
        if (++callbacks % CALLBACKS_AT_ONCE == 0)
            thread_yield();
        if (w->done) /* while the callback ran, or another thread; the slot may be another call's */
            return true;
    }
    return false;
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
    if (await_polling(port, slot, w, timeout))
        return true;
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

/* Polls as long as nothing else happens in this VM: so nobody needs to know that the slot is waited for. */
static inline bool comes_soon(struct port *port, unsigned slot)
{
    for (int i = 0; i < FAST_POLLS; i++) {
        if (bh_out_ready(&port->out, slot))
            return true;
        if (threads_waiting_ready() || bh_in_ready(&port->in))
            return false;
        if (i == FENCE_AFTER)
            peers_fence();
    }
    return false;
}

/* Waits for the reply in a slot that nobody waits for yet. */
static __attribute__((noinline)) enum bh_status await_long(struct port *port, unsigned slot, struct bh_outgoing *call,
                                                           uint64_t timeout)
{
    struct waiter w; /* large: only what is read before it is written */
    struct waiter *self = &w;
    struct pending *p = &port->pending[slot];
    w.call = call;
    w.done = false;
    w.has_callback = false;
    __asm__("" : "+r"(self)); /* the pointer outlives `w`, but nobody looks: the slot is free then, or another call's */
    p->waiter = self;
    if (await(port, slot, &w, timeout))
        return w.status;
    p->waiter = NULL;
    p->block = call->block;
    return BH_TIMED_OUT;
}

static inline enum bh_status await_reply(struct port *port, unsigned slot, struct bh_outgoing *call, uint64_t timeout)
{
    if (timeout != 0 && comes_soon(port, slot))
        return take(port, slot, call->values);
    return await_long(port, slot, call, timeout);
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
    *timeout = spent < *timeout ? *timeout - spent : 1; /* 0 has a meaning of its own */
    return result;
}

/* Does the current thread hold a line that only its own gate_collect() frees? */
static bool holds_a_line(const struct port *port)
{
    for (uint64_t left = port->submitted; left; left &= left - 1)
        if (port->pending[__builtin_ctzll(left)].thread == current->id)
            return true;
    return false;
}

/* The slot of the reply; -1: no line is free. */
static inline int send(struct port *port, struct bh_outgoing *call, uint32_t parent)
{
    int slot = bh_out_post(&port->out, call->fn, parent, call->args);
    if (__builtin_expect(slot < 0, 0))
        return -1;
    port->pending[slot].waiter = NULL;
    port->pending[slot].block = NULL;
    peer_posted(port);
    return slot;
}

/* Sends a call as soon as a line is free; takes the time that this took off `*timeout`. */
static __attribute__((noinline)) enum bh_status post_later(struct port *port, struct bh_outgoing *call, uint32_t parent,
                                                           uint64_t *timeout, unsigned *slot, uint64_t *before)
{
    while (!port->dead) {
        *before = stats_before_post();
        int free = send(port, call, parent);
        if (free >= 0) {
            *slot = (unsigned)free;
            return BH_OK;
        }
        if (gate_out_poll(port)) /* of calls that were given up, perhaps */
            continue;
        if (holds_a_line(port))
            return BH_BUSY;
        if (wait_for_line(port, timeout) == -ETIMEDOUT) {
            if (call->block) /* nothing was sent, but the caller leaves it to us after a time-out */
                gate_arena_free(port->boot->index, port->caller ? BH_ARENA_CALLS : BH_ARENA_CALLBACKS, call->block);
            return BH_TIMED_OUT;
        }
    }
    return BH_PEER_DIED;
}

/* Waits for the reply of a call that is posted. */
static inline __attribute__((always_inline)) enum bh_status posted(struct port *port, struct bh_outgoing *call,
                                                                   unsigned slot, uint64_t timeout, uint64_t before)
{
    struct stats_call statistics;
    stats_posted(&statistics, port, call, slot, before);
    enum bh_status status = await_reply(port, slot, call, timeout);
    if (timeout == 0 && status == BH_TIMED_OUT) {
        statistics.timed = false;
        stats_answered(&statistics, port, BH_OK); /* nobody wanted to wait: nothing came too late */
    } else {
        stats_answered(&statistics, port, status);
    }
    return status;
}

static __attribute__((noinline)) enum bh_status make_later(struct port *port, struct bh_outgoing *call, uint32_t parent)
{
    uint64_t timeout = call->timeout;
    uint64_t before;
    unsigned slot;
    enum bh_status status = post_later(port, call, parent, &timeout, &slot, &before);
    return status == BH_OK ? posted(port, call, slot, timeout, before) : status;
}

static inline __attribute__((always_inline)) enum bh_status make(struct port *port, struct bh_outgoing *call,
                                                                 uint32_t parent)
{
    uint64_t before = stats_before_post();
    int slot = port->dead ? -1 : send(port, call, parent);
    if (__builtin_expect(slot < 0, 0))
        return make_later(port, call, parent);
    return posted(port, call, (unsigned)slot, call->timeout, before);
}

enum bh_status gate_call(struct bh_outgoing *call)
{
    struct port *port = port_of_edge(call->edge, true);
    return call->status = port ? make(port, call, 0) : BH_NO_GATE;
}

enum bh_status gate_callback(struct bh_outgoing *call)
{
    struct port *port = port_of_edge(call->edge, false);
    return port ? make(port, call, call->parent) : BH_NO_GATE;
}

enum bh_status gate_submit(struct bh_outgoing *call)
{
    struct port *port = port_of_edge(call->edge, true);
    if (!port)
        return BH_NO_GATE;
    int slot = port->dead ? -1 : send(port, call, 0);
    if (__builtin_expect(slot < 0, 0)) {
        uint64_t timeout = call->timeout, before;
        unsigned later;
        enum bh_status status = post_later(port, call, 0, &timeout, &later, &before);
        if (status != BH_OK)
            return status;
        slot = (int)later;
    }
    port->submitted |= 1ull << slot;
    port->pending[slot].thread = current->id;
    call->slot = (uint16_t)slot;
    stats_submitted(port, call);
    return BH_OK;
}

/* NULL: no such call is under way. */
static struct port *submitted_port(const struct bh_outgoing *call)
{
    struct port *port = port_of_edge(call->edge, true);
    return port && call->slot < BH_LINES && (port->submitted >> call->slot & 1) ? port : NULL;
}

static enum bh_status collect(struct port *port, unsigned slot, struct bh_outgoing *call)
{
    port->submitted &= ~(1ull << slot);
    if (bh_out_ready(&port->out, slot)) {
        bh_out_ahead(&port->out, slot + AHEAD);
        return take(port, slot, call->values);
    }
    if (!port->dead)
        return await_reply(port, slot, call, call->timeout);
    port->out.outstanding &= ~(1ull << slot);
    return BH_PEER_DIED;
}

enum bh_status gate_collect(struct bh_outgoing *call)
{
    struct port *port = submitted_port(call);
    if (!port)
        return BH_BAD_ARGUMENT;
    enum bh_status status = collect(port, call->slot, call);
    stats_collected(port, status);
    return status;
}

int gate_ready(const struct bh_outgoing *call)
{
    const struct port *port = submitted_port(call);
    peers_fence();
    return !port || port->dead || bh_out_ready(&port->out, call->slot);
}

static struct port *arena_port(uint32_t edge, enum bh_arena which)
{
    return port_of_edge(edge, which == BH_ARENA_CALLS);
}

void *gate_arena_alloc(uint32_t edge, enum bh_arena which, size_t size)
{
    struct port *port = arena_port(edge, which);
    uint64_t block = port ? bh_arena_take(&port->arena, size) : 0;
    if (!block && port && gate_out_poll(port)) /* late replies give blocks back */
        block = bh_arena_take(&port->arena, size);
    if (block && size <= BH_ARENA_ALIGN) { /* the call's two lines; during a longer copy they would be lost again */
        bh_own((const void *)block);
        bh_out_own(&port->out);
    }
    return (void *)block;
}

void gate_arena_free(uint32_t edge, enum bh_arena which, void *block)
{
    struct port *port = arena_port(edge, which);
    if (!port || !bh_arena_give(&port->arena, (uint64_t)block))
        core_panic("arena: block freed that was not allocated");
    thread_wake((const void *)port->arena.base, UINT32_MAX);
}
