/* Incoming gate calls: whoever polls finds them, a worker runs them.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Leader and followers: an idle worker is usually the one that polls, so it runs the call itself, without a switch.
 * If the call blocks, the next thread without work polls, and takes or makes another worker. */
#include "stats.h"

static struct thread *idle_workers; /* blocked in worker_main() */

/* Request lines fetched ahead of their turn: a caller that has several calls in flight has written them by then. */
enum { AHEAD = 4 };

/* Cycles of a quick function, reply included; one call in so many is timed (prime: callers have rhythms). */
enum { QUICK = 250, TIMED = 29 };

/* Runs the request whose arguments are in `in` already, and replies. */
static inline __attribute__((always_inline)) void run_request(struct port *port, const struct bh_fetched *request,
                                                              struct bh_incoming *in)
{
    in->edge = port->boot->index;
    in->fn = request->fn;
    in->slot = request->slot;
    for (unsigned i = 0; i < BH_VALUES; i++)
        in->values[i] = 0;
    struct stats_call statistics;
    stats_serve(&statistics, port, request);
    enum bh_status status = enter_dispatch(port->boot->to, (bh_dispatch_fn *)port->exports[request->fn].dispatch, in);
    if (!port->dead) {
        bh_in_reply(&port->in, request, status, in->values);
        peer_posted(port);
    }
    stats_served(&statistics, port, status);
}

void gate_serve(struct port *port, const struct bh_fetched *request)
{
    struct bh_incoming in;
    __builtin_memcpy(in.args, request->args, sizeof(in.args));
    run_request(port, request, &in);
}

static void refuse(struct port *port, const struct bh_fetched *request)
{
    static const uint64_t nothing[BH_VALUES];
    bh_in_reply(&port->in, request, BH_REFUSED, nothing);
    peer_posted(port);
}

static struct thread *find_worker(uint32_t compartment)
{
    struct thread *before = NULL;
    for (struct thread *t = idle_workers; t; before = t, t = t->next) {
        if (t->compartment != compartment)
            continue;
        if (before)
            before->next = t->next;
        else
            idle_workers = t->next;
        return t;
    }
    return thread_new(worker_main, NULL, compartment);
}

static inline bool granted(const struct port *port, uint16_t fn)
{
    return fn < port->n_exports && (port->boot->granted[fn / 64] >> (fn % 64) & 1);
}

/* On a worker, so it may block. */
static void serve(struct port *port, const struct bh_fetched *request)
{
    current->serving = port;
    gate_serve(port, request);
    current->serving = NULL;
    current->orphaned = false;
}

/* False: nobody can take it now. */
static bool deliver(struct port *port, const struct bh_fetched *request)
{
    if (port->caller)
        return gate_take_callback(port, request);
    if (!granted(port, request->fn)) {
        refuse(port, request);
        return true;
    }
    if (port->exports[request->fn].flags & BH_EXPORT_NONBLOCKING) {
        gate_serve(port, request);
        return true;
    }
    struct thread *worker = find_worker(port->boot->to);
    if (!worker)
        return false;
    worker->work_port = port;
    worker->work = *request;
    thread_ready(worker);
    return true;
}

/* Whether the poller is an idle worker itself: then it runs the call where it is. */
static inline bool leads(const struct port *port)
{
    return idle_workers == current && current->compartment == port->boot->to && !port->caller;
}

/* The reply line of a quick function is fetched for writing while it runs. The caller looks at that line all the time:
 * of a slower function it would have it back by the end, and the reply would wait for that. */
static inline bool is_quick(const struct port *port, uint16_t fn)
{
    return port->quick[fn / 64] >> (fn % 64) & 1;
}
static __attribute__((noinline)) void judge(struct port *port, uint16_t fn, uint64_t cycles)
{
    port->quick[fn / 64] &= ~(1ull << (fn % 64));
    port->quick[fn / 64] |= (uint64_t)(cycles < QUICK) << (fn % 64);
}

/* The short way of a request that is there: fetched to where its function wants it, and run. */
static void lead(struct port *port)
{
    struct bh_fetched request;
    struct bh_incoming in;
    if (!bh_in_take(&port->in, &request, in.args))
        return; /* no reply line: dropped */
    if (__builtin_expect(!granted(port, request.fn), 0)) {
        refuse(port, &request);
        return;
    }
    if (is_quick(port, request.fn))
        bh_in_own(&port->in, &request);
    bool timed = port->until_timed == 0;
    port->until_timed = timed ? TIMED : port->until_timed - 1;
    uint64_t start = timed ? rdtsc() : 0;
    idle_workers = current->next;
    current->state = THREAD_RUNNING;
    current->serving = port;
    run_request(port, &request, &in);
    if (timed)
        judge(port, request.fn, rdtsc() - start);
    current->serving = NULL;
    current->orphaned = false;
    current->state = THREAD_BLOCKED;
    current->next = idle_workers;
    idle_workers = current;
}

/* Another thread than the poller runs it, or nobody can yet. */
static __attribute__((noinline)) bool hand_out(struct port *port)
{
    struct bh_fetched request;
    if (port->held_valid)
        request = port->held;
    else if (!bh_in_fetch(&port->in, &request))
        return true;          /* no reply line: dropped */
    port->held_valid = false; /* a call that blocks comes by here again */
    if (deliver(port, &request))
        return true;
    port->held = request;
    port->held_valid = true;
    return false;
}

bool gate_in_poll(struct port *port)
{
    if (!port->held_valid) {
        if (!bh_in_ready(&port->in))
            return false;
        bh_in_ahead(&port->in, AHEAD);
        if (leads(port)) {
            lead(port);
            return true;
        }
    }
    return hand_out(port);
}

void worker_main(void *unused)
{
    (void)unused;
    for (;;) {
        if (!current->work_port) {
            current->next = idle_workers;
            idle_workers = current;
            thread_block();
            continue;
        }
        struct port *port = current->work_port;
        struct bh_fetched request = current->work;
        current->work_port = NULL;
        serve(port, &request);
    }
}
