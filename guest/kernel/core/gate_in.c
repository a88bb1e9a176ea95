/* Incoming gate calls: the thread that polls finds them, a worker runs them.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Leader and followers: an idle worker is usually the one that polls, so it runs the call itself, without a switch.
 * If the call blocks, the next thread without work polls, and takes or makes another worker. */
#include "stats.h"

/* Request slots fetched ahead of their turn: a caller with several calls in flight has written them by then. */
enum { AHEAD = 4 };

/* A quick function takes fewer cycles than this, its reply included. One call in TIMED is timed; the number is prime,
 * because callers have rhythms. */
enum { QUICK = 250, TIMED = 29 };

/* Runs the request whose arguments are in `in` already, and replies. */
static inline __attribute__((always_inline)) void run_request(struct endpoint *endpoint,
                                                              const struct bh_fetched *request, struct bh_incoming *in)
{
    in->edge = endpoint->boot->index;
    in->fn = request->fn;
    in->slot = request->slot;
    for (unsigned i = 0; i < BH_VALUES; i++)
        in->values[i] = 0;
    struct stats_call statistics;
    stats_serve(&statistics, endpoint, request);
    enum bh_status status =
        enter_dispatch(endpoint->boot->to, (bh_dispatch_fn *)endpoint->exports[request->fn].dispatch, in);
    if (!endpoint->dead) {
        bh_in_reply(&endpoint->in, request, status, in->values);
        peer_posted(endpoint);
    }
    stats_served(&statistics, endpoint, status);
}

void gate_serve(struct endpoint *endpoint, const struct bh_fetched *request)
{
    struct bh_incoming in;
    __builtin_memcpy(in.args, request->args, sizeof(in.args));
    run_request(endpoint, request, &in);
}

static void refuse_request(struct endpoint *endpoint, const struct bh_fetched *request)
{
    static const uint64_t nothing[BH_VALUES];
    bh_in_reply(&endpoint->in, request, BH_REFUSED, nothing);
    peer_posted(endpoint);
}

static inline bool is_granted(const struct endpoint *endpoint, uint16_t fn)
{
    return fn < endpoint->n_exports && (endpoint->boot->granted[fn / 64] >> (fn % 64) & 1);
}

/* Runs a request on a worker, which may block. */
static void serve_request(struct endpoint *endpoint, const struct bh_fetched *request)
{
    current->serving = endpoint;
    gate_serve(endpoint, request);
    current->serving = NULL;
    current->orphaned = false;
}

/* False: no thread can take it now. */
static bool deliver_request(struct endpoint *endpoint, const struct bh_fetched *request)
{
    if (endpoint->caller)
        return gate_take_callback(endpoint, request);
    if (!is_granted(endpoint, request->fn)) {
        refuse_request(endpoint, request);
        return true;
    }
    if (endpoint->exports[request->fn].flags & BH_EXPORT_NONBLOCKING) {
        gate_serve(endpoint, request);
        return true;
    }
    struct thread *worker = worker_allowed(endpoint) ? worker_find(endpoint->boot->to) : NULL;
    if (!worker)
        return false;
    worker->work_endpoint = endpoint;
    worker->work = *request;
    thread_ready(worker);
    return true;
}

/* Whether the thread that polls is an idle worker itself: then it runs the call on the spot. */
static inline bool poller_leads(const struct endpoint *endpoint)
{
    return idle_workers == current && current->compartment == endpoint->boot->to && !endpoint->caller;
}

/* The reply slot of a quick function is fetched for writing while the function runs. That does not pay for a slow one:
 * the caller looks at its slot all the time, and would have fetched the cache line back before the reply. */
static inline bool is_quick(const struct endpoint *endpoint, uint16_t fn)
{
    return endpoint->quick[fn / 64] >> (fn % 64) & 1;
}
static __attribute__((noinline)) void judge_function(struct endpoint *endpoint, uint16_t fn, uint64_t cycles)
{
    endpoint->quick[fn / 64] &= ~(1ull << (fn % 64));
    endpoint->quick[fn / 64] |= (uint64_t)(cycles < QUICK) << (fn % 64);
}

/* The short way of a request that is there: fetch it to where its function wants it, and run it. */
static void lead_request(struct endpoint *endpoint)
{
    struct bh_fetched request;
    struct bh_incoming in;
    if (!bh_in_take(&endpoint->in, &request, in.args))
        return; /* it names no reply slot: dropped */
    if (__builtin_expect(!is_granted(endpoint, request.fn), 0)) {
        refuse_request(endpoint, &request);
        return;
    }
    if (is_quick(endpoint, request.fn))
        bh_in_own(&endpoint->in, &request);
    bool timed = endpoint->until_timed == 0;
    endpoint->until_timed = timed ? TIMED : endpoint->until_timed - 1;
    uint64_t start = timed ? rdtsc() : 0;
    idle_workers = current->next;
    current->state = THREAD_RUNNING;
    current->serving = endpoint;
    run_request(endpoint, &request, &in);
    if (timed)
        judge_function(endpoint, request.fn, rdtsc() - start);
    current->serving = NULL;
    current->orphaned = false;
    current->state = THREAD_SLEEPING;
    current->next = idle_workers;
    idle_workers = current;
}

/* Gives the request to another thread than the poller, or keeps it until there is one. */
static __attribute__((noinline)) bool hand_out_request(struct endpoint *endpoint)
{
    struct bh_fetched request;
    if (endpoint->held_valid)
        request = endpoint->held;
    else if (!bh_in_fetch(&endpoint->in, &request))
        return true;              /* it names no reply slot: dropped */
    endpoint->held_valid = false; /* a call that blocks comes by here again */
    if (deliver_request(endpoint, &request))
        return true;
    endpoint->held = request;
    endpoint->held_valid = true;
    return false;
}

bool gate_in_poll(struct endpoint *endpoint)
{
    if (!endpoint->held_valid) {
        if (!bh_in_ready(&endpoint->in))
            return false;
        bh_in_ahead(&endpoint->in, AHEAD);
        if (poller_leads(endpoint)) {
            lead_request(endpoint);
            return true;
        }
    }
    return hand_out_request(endpoint);
}

void worker_main(void *unused)
{
    (void)unused;
    for (;;) {
        if (!current->work_endpoint) {
            current->next = idle_workers;
            idle_workers = current;
            thread_block();
            continue;
        }
        struct endpoint *endpoint = current->work_endpoint;
        struct bh_fetched request = current->work;
        current->work_endpoint = NULL;
        serve_request(endpoint, &request);
    }
}
