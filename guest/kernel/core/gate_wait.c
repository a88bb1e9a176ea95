/* Waiting for the reply of an outgoing call, and running what the callee calls back meanwhile.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "gate_out.h"
#include "stats.h"

/* So many callbacks run in a row before the VM's other threads, edges and timers have their turn: it is the callee that
 * decides how many it makes. */
enum { CALLBACKS_AT_ONCE = 64 };

/* How often to look whether a debugger still holds a VM, at most. */
enum { HELD_NS = 1000000 };

/* Gives a reply to the thread that waits for it; NULL: the call was given up. */
static struct waiter *finish_call(struct endpoint *endpoint, unsigned slot)
{
    struct pending *p = &endpoint->pending[slot];
    struct waiter *w = p->waiter;
    uint64_t unwanted[BH_VALUES];
    enum bh_status status = take_reply(endpoint, slot, w ? w->call->values : unwanted);
    if (w) {
        w->status = status;
        w->done = true;
    } else if (p->block) { /* the core alone can free it */
        gate_arena_free(endpoint->boot->index, endpoint->caller ? BH_ARENA_CALLS : BH_ARENA_CALLBACKS, p->block);
    }
    return w;
}

bool gate_out_poll(struct endpoint *endpoint)
{
    bool found = false;
    for (uint64_t left = endpoint->out.outstanding & ~endpoint->submitted; left; left &= left - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(left);
        if (!bh_out_ready(&endpoint->out, slot))
            continue;
        struct waiter *w = finish_call(endpoint, slot);
        if (w)
            thread_wakeup(w, 1);
        found = true;
    }
    return found;
}

void gate_out_peer_died(struct endpoint *endpoint)
{
    gate_out_poll(endpoint); /* replies that came before */
    for (uint64_t left = endpoint->out.outstanding & ~endpoint->submitted; left; left &= left - 1) {
        struct pending *p = &endpoint->pending[__builtin_ctzll(left)];
        struct waiter *w = p->waiter;
        if (!w) {
            if (p->block) /* no reply will come that frees it */
                bh_arena_give(&endpoint->arena, (uint64_t)p->block);
            continue;
        }
        w->status = BH_PEER_DIED;
        w->done = true;
        thread_wakeup(w, 1);
    }
    endpoint->out.outstanding &= endpoint->submitted; /* gate_collect() tells */
    endpoint->held_valid = false;
    thread_wakeup(&endpoint->out, UINT32_MAX);
    thread_wakeup((const void *)endpoint->arena.base, UINT32_MAX);
}

bool gate_take_callback(struct endpoint *endpoint, const struct bh_fetched *request)
{
    unsigned parent = request->parent;
    bool waited_for = parent < BH_SLOTS && (endpoint->out.outstanding >> parent & 1);
    struct waiter *w = waited_for ? endpoint->pending[parent].waiter : NULL;
    if (!w || request->fn >= w->call->n_callbacks) {
        static const uint64_t nothing[BH_VALUES];
        bh_in_reply(&endpoint->in, request, BH_REFUSED, nothing);
        peer_posted(endpoint);
        return true;
    }
    if (w->has_callback)
        return false;
    w->callback = *request;
    w->has_callback = true;
    thread_wakeup(w, 1);
    return true;
}

static void run_callback(struct endpoint *endpoint, struct waiter *w)
{
    struct bh_fetched request = w->callback;
    const struct bh_callback *callback = &w->call->callbacks[request.fn];
    struct bh_incoming in = {.edge = endpoint->boot->index, .fn = request.fn, .slot = request.slot};
    w->has_callback = false;
    __builtin_memcpy(in.args, request.args, sizeof(in.args));
    struct stats_call statistics;
    stats_serve(&statistics, endpoint, &request);
    enum bh_status status = enter_callback(endpoint->boot->from, callback, &in);
    if (!endpoint->dead) {
        bh_in_reply(&endpoint->in, &request, status, in.values);
        peer_posted(endpoint);
    }
    stats_served(&statistics, endpoint, status);
}

/* Polls for a short while. True: the reply is there. */
static bool await_polling(struct endpoint *endpoint, unsigned slot, struct waiter *w, uint64_t timeout)
{
    unsigned callbacks = 0;
    for (int i = 0; i < FAST_POLLS; i++) {
        if (bh_out_ready(&endpoint->out, slot)) {
            finish_call(endpoint, slot);
            return true;
        }
        if (threads_waiting_ready())
            return false;
        if (i == FENCE_AFTER)
            peers_fence();
        if (!bh_in_ready(&endpoint->in))
            continue;
        gate_in_poll(endpoint); /* our callback, most likely */
        if (!w->has_callback)
            continue;
        run_callback(endpoint, w);
        if (timeout == BH_FOREVER)
            i = 0;
        if (++callbacks % CALLBACKS_AT_ONCE == 0)
            thread_yield();
        if (w->done) /* since the callback or another thread ran; the slot may be another call's by now */
            return true;
    }
    return false;
}

bool gate_was_held(uint32_t *epoch)
{
    uint32_t now = status_page()->hold_epoch;
    bool changed = now != *epoch;
    *epoch = now;
    return changed || status_page()->held;
}

/* True: the reply is there. False: timed out. */
static bool await_call(struct endpoint *endpoint, unsigned slot, struct waiter *w, uint64_t timeout)
{
    if (timeout == 0)
        return false;
    if (!peer_waits_for_processor(endpoint) && await_polling(endpoint, slot, w, timeout))
        return true;
    uint64_t start = timeout == BH_FOREVER ? 0 : clock_ns();
    uint32_t epoch = status_page()->hold_epoch;
    for (;;) {
        if (w->has_callback)
            run_callback(endpoint, w);
        else if (w->done)
            return true;
        else if (timeout == BH_FOREVER)
            thread_sleep(w, BH_FOREVER);
        else {
            uint64_t spent = clock_ns() - start;
            if (spent < timeout) {
                thread_sleep(w, timeout - spent);
            } else if (gate_was_held(&epoch)) {
                thread_sleep(w, timeout > HELD_NS ? timeout : HELD_NS);
                start = clock_ns(); /* wait again, from the beginning */
            } else {
                return false;
            }
        }
    }
}

enum bh_status gate_await(struct endpoint *endpoint, unsigned slot, struct bh_outgoing *call, uint64_t timeout)
{
    struct waiter w; /* it is large: initialise only what is read before it is written */
    struct waiter *self = &w;
    struct pending *p = &endpoint->pending[slot];
    w.call = call;
    w.done = false;
    w.has_callback = false;
    /* The compiler must not see that the pointer outlives `w`. Nobody follows it then: the slot is free, or another
     * call's. */
    __asm__("" : "+r"(self));
    p->waiter = self;
    if (await_call(endpoint, slot, &w, timeout))
        /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.UndefReturn): set with `done` */
        return w.status;
    p->waiter = NULL;
    p->block = call->block;
    return BH_TIMED_OUT;
}
