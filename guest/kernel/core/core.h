/* The VM's core: state and functions shared by its files. One vCPU, cooperative threads, no locks.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Read the files in this order: start.c, thread.c, sleep.c, idle.c, gate_out.c, gate_wait.c, gate_in.c, workers.c,
 * peers.c. */
#ifndef BH_CORE_INTERNAL_H
#define BH_CORE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bh/core.h>

#include "arena.h"
#include "rpc/boot.h"
#include "rpc/channel.h"
#include "rpc/core_calls.h"
#include "rpc/image.h"
#include "rpc/mount.h"
#include "rpc/mpk.h"

/* ---- Threads (thread.c, sleep.c) ------------------------------------------------------------ */
enum thread_state { THREAD_FREE, THREAD_READY, THREAD_RUNNING, THREAD_SLEEPING }; /* as struct bh_core_debug has them */

struct thread {
    void *sp; /* saved stack pointer while not running; first field: switch.S */
    uint32_t id;
    uint32_t compartment; /* whose stack it runs on */
    enum thread_state state;
    bool timed_out; /* its last sleep ended by its deadline */
    bool has_deadline;
    uint64_t deadline;        /* ns, clock_ns() */
    const void *wait_channel; /* address that it sleeps on */
    struct thread *next;      /* in the run queue, the list of sleepers, or the list of idle workers */
    void (*entry)(void *);
    void *arg;
    struct endpoint *serving;       /* worker: where the call came from that it runs */
    bool in_core_sleep;             /* sleeps by the core call, not in the core itself */
    bool orphaned;                  /* that caller died, and no core_sleep() has reported it yet */
    struct endpoint *work_endpoint; /* worker: where `work`, the call it was handed, came from; NULL: none */
    struct bh_fetched work;
};

extern struct thread threads[BH_THREADS_MAX];
extern uint32_t n_threads; /* of this VM */
extern struct thread *current;
extern const struct bh_core_debug thread_layout;

void threads_init(uint32_t n_threads);
/* A thread that sleeps until thread_ready(). NULL: the VM has none left. */
struct thread *thread_new(void (*entry)(void *), void *arg, uint32_t compartment);
void thread_ready(struct thread *t); /* only a sleeping thread; nothing happens to others */
/* Blocks `current` until thread_ready(current); others run, then the VM polls, then parks. */
void thread_block(void);
void thread_yield(void);
void thread_exit(void) __attribute__((noreturn));

struct thread_queue {
    struct thread *head, *tail;
};
static inline void thread_append(struct thread_queue *queue, struct thread *t)
{
    t->next = NULL;
    if (queue->head)
        queue->tail->next = t;
    else
        queue->head = t;
    queue->tail = t;
}
extern struct thread_queue ready_threads;
static inline bool threads_waiting_ready(void) /* is any thread ready to run? */
{
    return ready_threads.head != NULL;
}
struct thread *thread_next_ready(void); /* takes the first of the run queue */
void thread_switch(struct thread *to);
/* Blocks until a wake-up or the time-out (ns): 0 or -ETIMEDOUT. */
int thread_sleep(const void *wait_channel, uint64_t timeout);
/* The same as a core call: -ECANCELED, once, when the caller for whom the thread runs has died. */
int core_sleep(const void *wait_channel, uint64_t timeout);
/* Makes at most `n` threads that sleep on the channel ready, oldest first; how many. */
uint32_t thread_wakeup(const void *wait_channel, uint32_t n);
/* Ends the sleep of threads that serve the endpoint. */
void threads_caller_died(const struct endpoint *endpoint);
/* Makes threads ready whose deadline has passed; ns to the next deadline, or BH_FOREVER. */
uint64_t threads_expire(uint64_t now);

/* ---- Idle (idle.c) ------------------------------------------------------------------------------------------ */
/* Polls, then parks, until some thread is ready (perhaps `current` itself) or `current` was handed a call. */
void idle_until_ready(void);

/* ---- Gates (gate_out.c, gate_wait.c, gate_in.c, peers.c) -------------------------------------------------- */
/* A thread that waits for the reply to its call; lies on the thread's stack. It is no part of the slot, because another
 * call may have the slot before the thread runs again. */
struct waiter {
    struct bh_outgoing *call; /* on the stack of the client stub; the reply's values go there */
    enum bh_status status;
    bool done;         /* `status` and the call's values are valid */
    bool has_callback; /* `callback` waits for the thread to run it */
    struct bh_fetched callback;
};

/* What the calling end knows of a reply slot in use. */
struct pending {
    struct waiter *waiter; /* NULL: no thread waits now */
    void *block;           /* of a call that timed out: the arena block to free when the late reply comes */
    uint32_t thread;       /* of a submitted call: who submitted it */
};

/* This VM's end of a remote edge. The calling end uses `out` for calls and `in` for callbacks; the called end the
 * other way round. */
struct bh_stats_end;
struct endpoint {
    const struct bh_boot_edge *boot;
    struct bh_stats_end *stats;      /* NULL: statistics are off */
    const struct bh_export *exports; /* called end: what its compartment exports, from the read-only image */
    uint32_t n_exports;
    uint64_t quick[BH_FUNCTIONS_MAX / 64]; /* called end, bit fn: took few cycles when it was timed */
    uint32_t until_timed;                  /* calls until one is timed again */
    uint32_t working;                      /* called end: threads that ran its calls, when they were counted last */
    struct bh_out out;
    struct bh_in in;
    uint64_t submitted;             /* bit s: the reply in slot s stays there until its call is collected */
    struct bh_parked *mine, *peers; /* the two ends' words about parking */
    uint32_t notified;              /* the peer's parked number when it was last notified */
    uint64_t notified_at;           /* when that was, cycles */
    bool caller;                    /* this VM holds edge->from */
    bool dead;
    bool orphans;    /* the caller died, and the called compartment has not been told */
    bool unfenced;   /* something was posted, and the peer's parked number was read without a fence */
    bool held_valid; /* `held` is a fetched request for which there was no thread yet */
    struct endpoint *next_unfenced;
    struct bh_fetched held;
    struct pending pending[BH_SLOTS];
    struct bh_arena_map arena; /* of `out` */
};

extern struct endpoint endpoints[];
extern uint32_t n_endpoints;
extern struct endpoint *edge_endpoints[]; /* by edge; NULL: the edge has no end here, or both */
static inline struct endpoint *endpoint_of_edge(uint32_t edge, bool caller) /* NULL: no such end here */
{
    struct endpoint *endpoint = edge < BH_EDGES_MAX ? edge_endpoints[edge] : NULL;
    return endpoint && endpoint->caller == caller ? endpoint : NULL;
}

void peers_init(void);
void peers_set_parked(bool parked);
/* Of the VMs that were parked when this one notified them: how many have not begun to run since? Each of them wants a
 * processor, and is not counted in struct bh_crowd yet. */
uint32_t peers_waking(void);
bool peers_notified_within(uint64_t start, uint64_t cycles); /* did a peer notify so soon after `start`? */
/* After a request or a reply was posted: notifies the peer if it is parked. The fence that makes this certain is left
 * to peers_fence(), which the core calls before it waits for anything. So several posts share one fence, and a post
 * that is answered at once needs none. */
void peer_notify(struct endpoint *endpoint, uint32_t parked);
extern struct endpoint *unfenced_endpoints;
/* Is there no processor for a peer that sleeps, unless this VM gives up its own? */
bool peer_needs_processor(const struct endpoint *endpoint);
static inline bool peer_waits_for_processor(const struct endpoint *endpoint)
{
    return __builtin_expect(atomic_load_explicit(&endpoint->peers->parked, memory_order_relaxed) != 0, 0) &&
           peer_needs_processor(endpoint);
}
static inline void peer_posted(struct endpoint *endpoint)
{
    uint32_t parked = atomic_load_explicit(&endpoint->peers->parked, memory_order_relaxed);
    if (__builtin_expect(parked != 0, 0) && !peer_needs_processor(endpoint))
        peer_notify(endpoint, parked);
    if (!endpoint->unfenced) {
        endpoint->unfenced = true;
        endpoint->next_unfenced = unfenced_endpoints;
        unfenced_endpoints = endpoint;
    }
}
void peers_fence_now(void);
/* Would a peer that sleeps, and for which something was posted, need this VM's processor? */
bool peers_need_processor(void);
/* The same as peers_fence_now(), but the notifications are left to the caller: bit v, VM v. */
uint64_t peers_take_notifications(void);
static inline void peers_fence(void)
{
    if (unfenced_endpoints)
        peers_fence_now();
}
/* Looks once at every ring, makes threads ready, hands out calls. True if anything was found. */
bool peers_poll(void);
/* Looks at the ring where something came last, and at one of the others in turn, so that the cost of one look does not
 * grow with the number of edges. */
bool peers_poll_some(void);

enum bh_status gate_call(struct bh_outgoing *call);
enum bh_status gate_submit(struct bh_outgoing *call);
enum bh_status gate_collect(struct bh_outgoing *call);
int gate_ready(const struct bh_outgoing *call);
enum bh_status gate_callback(struct bh_outgoing *call);
void *gate_arena_alloc(uint32_t edge, enum bh_arena which, size_t size);
void gate_arena_free(uint32_t edge, enum bh_arena which, void *block);
bool gate_out_poll(struct endpoint *endpoint); /* replies */
void gate_out_peer_died(struct endpoint *endpoint);
/* Hands a callback to the thread whose call it belongs to; false: that thread has another one to run first. */
bool gate_take_callback(struct endpoint *endpoint, const struct bh_fetched *request);

bool gate_in_poll(struct endpoint *endpoint);                                 /* requests */
void gate_serve(struct endpoint *endpoint, const struct bh_fetched *request); /* runs it, replies */
void worker_main(void *unused);

/* ---- Workers (workers.c) ---------------------------------------------------------------------------------------- */
extern struct thread *idle_workers;                   /* blocked in worker_main() */
struct thread *worker_find(uint32_t compartment);     /* NULL: no thread is left */
bool worker_allowed(const struct endpoint *endpoint); /* false: its calls have the threads that they may have */

/* ---- Into a compartment (keys.c) ----------------------------------------------------------------------------
 * Every call from the core into a compartment's image goes through these: a plain call, unless the VM has protection
 * keys. */
extern const struct bh_mpk *keys;              /* NULL: this VM has one domain */
extern const struct bh_core_calls keyed_calls; /* core calls as the trampolines make them: with checks */
void keys_init(void);
void keys_thread_init(uint32_t id); /* after the thread's TLS block has been filled */
/* Calls entry(a0, a1) in `compartment`, on its stack of this thread. With `in`, a0 is a copy of it on that stack, and
 * the results are copied back. */
uint64_t keys_enter(uint32_t compartment, uint64_t entry, uint64_t a0, uint64_t a1, struct bh_incoming *in);
static inline void enter_thread(uint32_t compartment, void (*entry)(void *), void *arg)
{
    if (keys)
        keys_enter(compartment, (uint64_t)entry, (uint64_t)arg, 0, NULL);
    else
        entry(arg);
}
static inline int enter_image(uint32_t compartment, uint64_t entry)
{
    return keys ? (int)keys_enter(compartment, entry, 0, 0, NULL) : ((int (*)(void))entry)();
}
static inline enum bh_status enter_dispatch(uint32_t compartment, bh_dispatch_fn *dispatch, struct bh_incoming *in)
{
    return keys ? (enum bh_status)keys_enter(compartment, (uint64_t)dispatch, 0, 0, in) : dispatch(in);
}
static inline enum bh_status enter_callback(uint32_t compartment, const struct bh_callback *callback,
                                            struct bh_incoming *in)
{
    if (keys)
        return (enum bh_status)keys_enter(compartment, (uint64_t)callback->dispatch, 0, callback->function, in);
    return callback->dispatch(in, callback->function);
}
/* The thread that runs next: where trampolines take the thread pointer from. */
static inline void keys_running(uint32_t id)
{
    if (keys)
        *(volatile uint64_t *)BH_MPK_PUBLIC_VA = BH_TLS_TP(id);
}

/* ---- Watched words (watch.c) -------------------------------------------------------------------------------- */
/* `owner`: the compartment for which it counts, where compartments distrust each other. -ENOSPC: it has too many. */
int watch_add(uint32_t owner, const volatile uint16_t *word, const void *wait_channel);
bool watch_poll(void); /* true: something changed */
bool watch_has(const volatile void *word);
int parked_add(uint32_t owner, volatile uint32_t *flag); /* the same */
void parked_set(uint32_t value);

/* ---- Hypercalls, console, clock ---------------------------------------------------------------------------------- */
long hypercall(enum bh_hypercall op, uint64_t a0, uint64_t a1, uint64_t a2);
void doorbell_notify(uint32_t doorbell); /* BH_NO_DOORBELL: does nothing */
long net_start(const struct bh_net_setup *setup);
void device_kick(uint32_t queue);
long give_back(const struct bh_range *ranges, uint32_t n);
uint64_t clock_ns(void); /* since the VM's start */
static inline uint64_t rdtsc(void)
{
    uint32_t lo, hi;
    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (uint64_t)hi << 32 | lo;
}
void clock_init(void);
uint64_t ns_to_cycles(uint64_t ns);

void console_log(uint32_t compartment, const char *text, size_t size);
void console_flush(void);
/* `compartment`: whose text it is. Only the application has the streams; others have lines on the console. */
long stream_write(uint32_t compartment, enum bh_stream stream, const void *buf, size_t size);
long stream_read(enum bh_stream stream, void *buf, size_t size);
bool stream_wants_input(void);
void stream_input_ready(void);

int core_thread_create(void (*entry)(void *), void *arg, uint32_t compartment);
void core_exit(int status) __attribute__((noreturn));
void core_report(const struct bh_report *report);
void core_panic(const char *text) __attribute__((noreturn));

const struct bh_boot_compartment *boot_compartment(uint32_t index); /* NULL: not in this VM */
static inline const struct bh_image *image_of(uint32_t compartment)
{
    return (const struct bh_image *)(BH_COMPARTMENT_BASE(compartment) + BH_IMAGE_OFF);
}
static inline const struct bh_bootinfo *boot(void)
{
    return (const struct bh_bootinfo *)BH_BOOTINFO_VA;
}
static inline const struct bh_boot_compartment *boot_compartments(void) /* boot()->n_compartments of them */
{
    return (const struct bh_boot_compartment *)(const void *)((const char *)boot() + boot()->compartments_off);
}
static inline const struct bh_boot_edge *boot_edges(void) /* boot()->n_edges of them */
{
    return (const struct bh_boot_edge *)(const void *)((const char *)boot() + boot()->edges_off);
}
static inline const volatile struct bh_crowd *crowd_page(void)
{
    return (const volatile struct bh_crowd *)BH_CROWD_VA;
}
static inline const volatile struct bh_status_page *status_page(void)
{
    return (const volatile struct bh_status_page *)BH_STATUS_VA;
}

#endif
