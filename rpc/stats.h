/* The contract of the statistics: what a VM's core counts and records, for observers on the host.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * One region per VM, at BH_STATS_VA: the VM's core writes it, the host maps it read-only, no other VM has it; in a VM
 * with protection keys it has the core's key. Everything in it is the guest's word: readers bound every index and
 * trust nothing. Times and latencies are cycles of the time stamp counter, which is the host's own in every VM.
 * All fields only grow unless a comment says otherwise; a reader may see a call half counted.
 * Version rule: any change of layout or meaning raises BH_STATS_VERSION. */
#ifndef BH_RPC_STATS_H
#define BH_RPC_STATS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "rpc/map.h"

#define BH_STATS_MAGIC    0x3173746174536842ull /* "BhStats1" */
#define BH_STATS_VERSION  2u
#define BH_STATS_STATUSES 16u /* more than there are (enum bh_status) */
#define BH_STATS_BUCKETS  40u /* bucket b: [2^b, 2^(b+1)) cycles; the last one: more, too */
#define BH_STATS_RECENT   64u
#define BH_STATS_TIMED    8u /* one call in so many has its latency measured: the time stamp at its end would be felt */
#define BH_STATS_TRACE    32768u

/* One end of an edge between two VMs, as the VM of that end sees it. 512 bytes. */
struct bh_stats_end {
    uint32_t edge;
    uint32_t role;                      /* BH_EDGE_CALLER or BH_EDGE_CALLEE; 0: the rest of the array is empty */
    uint64_t started;                   /* calls posted (caller), taken (callee) */
    uint64_t callbacks;                 /* the same for callbacks: posted (callee), taken (caller) */
    uint64_t status[BH_STATS_STATUSES]; /* caller: calls that ended, by enum bh_status. started - sum: in flight.
                                           Also calls that the stub refused before anything was posted, if reported;
                                           those with a time-out of 0, for which nobody waits, end with BH_OK */
    /* Caller only: */
    uint64_t unposted; /* of `status`: those that were never posted */
    uint64_t copied;   /* bytes of arguments that went through the arena, each direction counted */
    uint64_t passed;   /* bytes of arguments passed where they lie, in a share */
    uint64_t cycles;   /* sum of the latencies that were measured: from posting to having the reply */
    uint64_t reserved;
    uint64_t latency[BH_STATS_BUCKETS];
};
_Static_assert(sizeof(struct bh_stats_end) == 512 && offsetof(struct bh_stats_end, latency) == 192, "ABI");

/* A call that a thread is in. */
struct bh_stats_call {
    uint16_t fn, slot; /* fn: number of the function, or of the callback */
    uint16_t edge;
    uint16_t kind; /* enum bh_stats_kind; 0: none */
};
enum bh_stats_kind {
    BH_STATS_CALL = 1,     /* out: a gate call */
    BH_STATS_SERVE = 2,    /* in: the call of another VM */
    BH_STATS_CALLBACK = 3, /* out: a callback */
    BH_STATS_RUN_BACK = 4, /* in: runs a callback */
    BH_STATS_PARK = 5,     /* events only: the VM sleeps */
};
#define BH_STATS_KINDS 6u

/* Innermost calls of each thread; change in place. */
struct bh_stats_thread {
    struct bh_stats_call out, in;
};

/* A call, in `recent`; or one end of a call, in `trace`. */
struct bh_stats_event {
    uint64_t time;     /* `recent`: 0 where taking it would cost too much (calls that come in) */
    uint64_t cycles;   /* `recent`: how long it took; 0: not known, or it is not over */
    uint32_t seq;      /* trace: of the request, the same at both ends of the call */
    uint16_t fn, slot; /* these three in the order of a request slot */
    uint16_t edge;
    uint16_t thread;
    uint8_t kind;   /* enum bh_stats_kind */
    uint8_t phase;  /* trace: 'B' begin, 'E' end */
    uint8_t status; /* of the call when it is over, else BH_STATS_PENDING */
    uint8_t reserved;
};
#define BH_STATS_PENDING 0xffu
_Static_assert(sizeof(struct bh_stats_event) == 32 && offsetof(struct bh_stats_event, seq) == 16 &&
                   offsetof(struct bh_stats_event, edge) == 24,
               "ABI");

struct bh_stats {
    uint64_t magic;
    uint32_t version;
    uint32_t vm;
    uint64_t notifications; /* sent to peers by their doorbells */
    uint64_t idles;         /* times that no thread could run and the VM began to poll */
    uint64_t spin_cycles;   /* time polled before parking */
    uint64_t parks;
    uint64_t park_cycles;
    uint64_t switches;        /* from one thread to another */
    uint64_t n_recent;        /* event n lies at recent[n % BH_STATS_RECENT] */
    _Atomic uint64_t n_trace; /* the same for trace[], stored after the event (release) */
    uint64_t reserved[4];
    struct bh_stats_event recent[BH_STATS_RECENT];
    struct bh_stats_thread threads[BH_THREADS_MAX];
    struct bh_stats_end ends[BH_EDGES_MAX];
    struct bh_stats_event trace[BH_STATS_TRACE];
};
_Static_assert(offsetof(struct bh_stats, recent) == 112 && offsetof(struct bh_stats, threads) == 112 + 2048 &&
                   offsetof(struct bh_stats, ends) == 2160 + 4096 &&
                   offsetof(struct bh_stats, trace) == 6256 + 512 * 256 &&
                   sizeof(struct bh_stats) == 6256 + 512 * 256 + 32 * 32768,
               "ABI");
#define BH_STATS_HOT  (2 * BH_PAGE_SIZE) /* bytes from the start on that every VM uses at once */
#define BH_STATS_SIZE ((sizeof(struct bh_stats) + BH_PAGE_SIZE - 1) & ~(BH_PAGE_SIZE - 1))
_Static_assert(BH_STATS_SIZE <= BH_STATS_MAX, "rpc/map.h");

#endif
