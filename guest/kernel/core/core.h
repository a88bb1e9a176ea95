/* The VM's core: state and functions shared by its files. One vCPU, cooperative threads, no locks.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Reading order: start.c, thread.c, idle.c, gate_out.c, gate_in.c, peers.c. */
#ifndef BH_CORE_INTERNAL_H
#define BH_CORE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bh/core.h>

#include "rpc/arena.h"
#include "rpc/channel.h"
#include "rpc/mpk.h"

/* ---- Threads (thread.c) ----------------------------------------------------------------------------------- */
enum thread_state { THREAD_FREE, THREAD_READY, THREAD_RUNNING, THREAD_BLOCKED };

struct thread {
    void *sp; /* saved stack pointer while not running; first field: switch.S */
    uint32_t id;
    uint32_t compartment; /* whose stack it runs on */
    enum thread_state state;
    bool timed_out; /* last wait ended by its deadline */
    bool has_deadline;
    uint64_t deadline;   /* ns, bh_core now() */
    const void *key;     /* what it waits for */
    struct thread *next; /* in the run queue, the list of waiters, or the list of idle workers */
    void (*entry)(void *);
    void *arg;
    struct port *serving; /* worker: whose call it runs */
    bool in_core_wait;
    bool orphaned;          /* that caller died, and no core_wait() has told so yet */
    struct port *work_port; /* worker: the call it was handed */
    struct bh_fetched work;
};

extern struct thread *current;
extern const struct bh_core_debug thread_layout;

void threads_init(uint32_t n_threads);
struct thread *thread_new(void (*entry)(void *), void *arg, uint32_t compartment); /* NULL: none left */
void thread_ready(struct thread *t);
/* Blocks `current` until thread_ready(current); others run, then the VM polls, then parks. */
void thread_block(void);
void thread_yield(void);
void thread_exit(void) __attribute__((noreturn));
extern struct thread *ready_head;
static inline bool threads_waiting_ready(void) /* is any thread ready to run? */
{
    return ready_head != NULL;
}
struct thread *thread_next_ready(void);
void thread_switch(struct thread *to);
int thread_wait(const void *key, uint64_t timeout);
int core_wait(const void *key, uint64_t timeout); /* the core call: ends once, with -ECANCELED, when the caller died */
void threads_caller_died(const struct port *port);
uint32_t thread_wake(const void *key, uint32_t n);
uint64_t threads_expire(uint64_t now); /* readies what is due; ns to the next deadline or BH_FOREVER */

/* ---- Idle (idle.c) ------------------------------------------------------------------------------------------ */
/* Polls, then parks, until some thread is ready (perhaps `current` itself) or `current` was handed a call. */
void idle_until_ready(void);

/* ---- Gates (gate_out.c, gate_in.c, peers.c) ------------------------------------------------------------------- */
/* A thread that waits for the reply to its call; on its stack. Not part of the slot, which another call may have
 * before the thread runs again. */
struct waiter {
    struct bh_outgoing *call; /* on the stack of the stub; its values are where the reply's go */
    enum bh_status status;
    bool done;         /* `status` and the call's values are valid */
    bool has_callback; /* `callback` waits for the thread to run it */
    struct bh_fetched callback;
};

/* A slot of the channel in use. */
struct pending {
    struct waiter *waiter; /* NULL: nobody waits now */
    void *block;           /* given up (timed out): the arena block that the late reply frees */
    uint32_t thread;       /* submitted: by which */
};

/* This VM's end of a remote edge. The calling end uses `out` for calls and `in` for callbacks; the called end the
 * other way round. */
struct bh_stats_end;
struct port {
    const struct bh_boot_edge *boot;
    struct bh_stats_end *stats;      /* NULL: statistics are off */
    const struct bh_export *exports; /* called end: of the compartment there; of its read-only image, as `n_exports` */
    uint32_t n_exports;
    uint64_t quick[BH_FUNCTIONS_MAX / 64]; /* called end: bit fn: took few cycles when it was timed */
    uint32_t until_timed;
    struct bh_out out;
    struct bh_in in;
    uint64_t submitted;             /* bit s: the reply in slot s stays there until its call is collected */
    struct bh_parked *mine, *peers; /* the two ends' words about parking */
    uint32_t rung;                  /* the peer's parked number when it was last rung */
    bool caller;                    /* this VM holds edge->from */
    bool dead;
    bool orphans;    /* the caller died, and its compartment's end of it has not been told */
    bool unfenced;   /* posted something; the peer's parked number was looked at without a fence */
    bool held_valid; /* a fetched request that nobody could take yet */
    struct port *next_unfenced;
    struct bh_fetched held;
    struct pending pending[BH_LINES];
    struct bh_arena_map arena; /* of `out` */
};

extern struct port ports[];
extern uint32_t n_ports;
extern struct port *edge_ports[];                                   /* NULL: the edge has no end here, or both */
static inline struct port *port_of_edge(uint32_t edge, bool caller) /* NULL: no such end here */
{
    struct port *port = edge < BH_EDGES_MAX ? edge_ports[edge] : NULL;
    return port && port->caller == caller ? port : NULL;
}

void peers_init(void);
void peers_set_parked(bool parked);
bool peers_rang_within(uint64_t start, uint64_t cycles); /* did one ring so soon after `start`? */
/* After a request or a reply was posted: rings if the peer is parked. The fence that makes this certain is left to
 * peers_fence(), which everything calls before it waits: so that several posts share one, and a post that is answered
 * at once needs none. */
void peer_ring(struct port *port, uint32_t parked);
extern struct port *unfenced_ports;
static inline void peer_posted(struct port *port)
{
    uint32_t parked = atomic_load_explicit(&port->peers->parked, memory_order_relaxed);
    if (__builtin_expect(parked != 0, 0))
        peer_ring(port, parked);
    if (!port->unfenced) {
        port->unfenced = true;
        port->next_unfenced = unfenced_ports;
        unfenced_ports = port;
    }
}
void peers_fence_now(void);
static inline void peers_fence(void)
{
    if (unfenced_ports)
        peers_fence_now();
}
/* Looks once at every ring; readies threads, hands out calls. True if anything was found. */
bool peers_poll(void);
/* The same at the ring where something came last, and at one of the others in turn: what one look costs does not grow
 * with the number of edges. */
bool peers_poll_some(void);

enum bh_status gate_call(struct bh_outgoing *call);
enum bh_status gate_submit(struct bh_outgoing *call);
enum bh_status gate_collect(struct bh_outgoing *call);
int gate_ready(const struct bh_outgoing *call);
enum bh_status gate_callback(struct bh_outgoing *call);
void *gate_arena_alloc(uint32_t edge, enum bh_arena which, size_t size);
void gate_arena_free(uint32_t edge, enum bh_arena which, void *block);
bool gate_out_poll(struct port *port); /* replies */
void gate_out_peer_died(struct port *port);
bool gate_take_callback(struct port *port, const struct bh_fetched *request); /* false: cannot take it now */

bool gate_in_poll(struct port *port);                                 /* requests */
void gate_serve(struct port *port, const struct bh_fetched *request); /* runs it, replies */
void worker_main(void *unused);

/* ---- Into a compartment (keys.c) ----------------------------------------------------------------------------
 * Every call from the core into a compartment's image goes through these: a plain call, unless the VM has protection
 * keys. */
extern const struct bh_mpk *keys;              /* NULL: this VM has one domain */
extern const struct bh_core_calls keyed_calls; /* core calls as the trampolines make them: with checks */
void keys_init(void);
void keys_thread_init(uint32_t id); /* after the thread's TLS block has been filled */
/* entry(a0, a1) in `compartment`, on its stack of this thread. With `in`, a0 is a copy of it there, and its results
 * come back. */
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
int watch_add(const volatile uint16_t *word, const void *key);
bool watch_poll(void); /* true: something changed */
bool watch_has(const volatile void *word);
int parked_add(volatile uint32_t *flag);
void parked_set(uint32_t value);

/* ---- Hypercalls, console, clock ---------------------------------------------------------------------------------- */
long hypercall(enum bh_hypercall op, uint64_t a0, uint64_t a1, uint64_t a2);
void ring_bell(uint32_t bell);
long net_start(const struct bh_net_setup *setup);
void net_kick(uint32_t queue);
uint64_t clock_ns(void);
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
static inline const volatile struct bh_status_page *status_page(void)
{
    return (const volatile struct bh_status_page *)BH_STATUS_VA;
}

#endif
