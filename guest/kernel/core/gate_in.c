/* Incoming gate calls: whoever polls finds them, a worker runs them.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Leader and followers: an idle worker is usually the one that polls, so it runs the call itself, without a switch.
 * If the call blocks, the next thread without work polls, and takes or makes another worker. */
#include "stats.h"

static struct thread *idle_workers; /* blocked in worker_main() */

/* Request lines fetched ahead of their turn: a caller that has several calls in flight has written them by then. */
enum { AHEAD = 4 };

void gate_serve(struct port *port, const struct bh_fetched *request)
{
    const struct bh_export *exports = (const struct bh_export *)image_of(port->boot->to)->exports;
    bh_dispatch_fn *dispatch = (bh_dispatch_fn *)exports[request->fn].dispatch;
    struct bh_incoming in;
    in.edge = port->boot->index;
    in.fn = request->fn;
    in.slot = request->slot;
    for (unsigned i = 0; i < BH_VALUES; i++)
        in.values[i] = 0;
    __builtin_memcpy(in.args, request->args, sizeof(in.args));
    struct stats_call statistics;
    stats_serve(&statistics, port, request);
    enum bh_status status = enter_dispatch(port->boot->to, dispatch, &in);
    if (!port->dead) {
        bh_in_reply(&port->in, request, status, in.values);
        peer_posted(port);
    }
    stats_served(&statistics, port, status);
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

static bool granted(const struct port *port, uint16_t fn)
{
    return fn < BH_FUNCTIONS_MAX && (port->boot->granted[fn / 64] >> (fn % 64) & 1) &&
           fn < image_of(port->boot->to)->n_exports;
}

/* On a worker, so it may block. */
static void serve(struct port *port, const struct bh_fetched *request)
{
    current->serving = port;
    gate_serve(port, request);
    current->serving = NULL;
    current->orphaned = false;
}

/* The poller is an idle worker itself: it runs the call where it is. */
static void lead(struct port *port, const struct bh_fetched *request)
{
    idle_workers = current->next;
    current->state = THREAD_RUNNING;
    serve(port, request);
    current->state = THREAD_BLOCKED;
    current->next = idle_workers;
    idle_workers = current;
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
    const struct bh_export *exports = (const struct bh_export *)image_of(port->boot->to)->exports;
    if (exports[request->fn].flags & BH_EXPORT_NONBLOCKING) {
        gate_serve(port, request);
        return true;
    }
    if (idle_workers == current && current->compartment == port->boot->to) {
        lead(port, request);
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

bool gate_in_poll(struct port *port)
{
    struct bh_fetched request;
    if (port->held_valid)
        request = port->held;
    else if (!bh_in_ready(&port->in))
        return false;
    else {
        bh_in_ahead(&port->in, AHEAD);
        if (!bh_in_fetch(&port->in, &request))
            return true; /* no reply line: dropped */
    }
    port->held_valid = false; /* a call that blocks comes by here again */
    if (deliver(port, &request))
        return true;
    port->held = request;
    port->held_valid = true;
    return false;
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
