/* Core calls: what a compartment's runtime may ask of its VM's core, through the gate table.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The VMM fills the table's entries at launch, so that the same image runs under every mechanism. Threads are
 * cooperative: a call that blocks lets other threads of the VM run, and says so; no other call does. Times are
 * nanoseconds. */
#ifndef BH_RPC_CORE_CALLS_H
#define BH_RPC_CORE_CALLS_H

#include <stddef.h>
#include <stdint.h>

#include "rpc/boot.h"
#include "rpc/gate.h"
#include "rpc/hypercall.h"
#include "rpc/map.h"
#include "rpc/mpk.h"
#include "rpc/net.h"
#include "rpc/report.h"

struct bh_incoming;

/* A callback that one call makes available to its callee: callback number n is entry n of the array. */
struct bh_callback {
    /* Generated: checks call->args, calls `function`, fills call->ret; runs on the thread that made the call. */
    enum bh_status (*dispatch)(struct bh_incoming *call, uintptr_t function);
    uintptr_t function; /* the caller's own function; never sent */
};

/* A call on its way out. Owned by the stub, on its stack; private to the caller. */
struct bh_outgoing {
    /* As struct bh_incoming: between protection keys with a light gate, both are the same memory. */
    uint64_t args[BH_GATE_ARGS]; /* IN */
    BH_REPLY_VALUES;             /* OUT valid if BH_OK */
    uint32_t status;             /* OUT of the call; between protection keys the callee writes it */
    uint32_t copied;             /* IN  bytes of arguments, for the statistics; see `passed` */
    uint32_t edge;               /* IN  edge index */
    uint16_t fn;                 /* IN  function index, or callback number */
    uint16_t slot;               /* OUT of submit(), IN to collect() and ready() */
    uint64_t gate;               /* IN  bh_import.gate */

    const struct bh_callback *callbacks;
    uint32_t n_callbacks; /* IN  callbacks valid during this call */
    uint32_t parent;      /* IN  callbacks only: `slot` of the incoming call that they belong to */
    /* IN  ns from now; BH_FOREVER: none. 0: the call is made and nobody waits for it (BH_TIMED_OUT), where the callee
     * is in another VM. */
    uint64_t timeout;
    /* IN  arena block that this call uses, or NULL. The stub frees it after the call, except after
     * BH_TIMED_OUT: then the callee may still write it, and the core frees it when the late reply comes. */
    void *block;
    uint32_t passed; /* IN  as `copied`, of what was not */
    uint32_t reserved;
};

/* A call that came in: a private copy of the request, made by the core. */
struct bh_incoming {
    uint64_t args[BH_GATE_ARGS]; /* IN, not yet checked */
    BH_REPLY_VALUES;             /* OUT, sent with BH_OK only */
    uint32_t status;             /* OUT what the dispatch entry returns */
    uint32_t reserved;
    uint32_t edge;
    uint16_t fn;   /* 0 between protection keys */
    uint16_t slot; /* names this call when calling back */
};
#define BH_CALL_MEMBER_AT(member, offset)                                \
    _Static_assert(offsetof(struct bh_incoming, member) == (offset) &&   \
                       offsetof(struct bh_outgoing, member) == (offset), \
                   "assembly")
BH_CALL_MEMBER_AT(args, 0);
BH_CALL_MEMBER_AT(ret, BH_CALL_RET);
BH_CALL_MEMBER_AT(edge, BH_CALL_EDGE);
BH_CALL_MEMBER_AT(slot, BH_CALL_SLOT);
_Static_assert(sizeof(struct bh_incoming) == BH_CALL_SIZE, "assembly");

/* Entry of the export table (rpc/image.h): checks, calls, fills ret and words. */
typedef enum bh_status bh_dispatch_fn(struct bh_incoming *call);

/* Which arena of an edge: the calling end of each direction allocates. */
enum bh_arena { BH_ARENA_CALLS = 0, BH_ARENA_CALLBACKS = 1 };

struct bh_core_calls {
    /* Make a gate call and wait for its reply. Blocks. */
    enum bh_status (*call)(struct bh_outgoing *call);
    /* Call back into the caller of the incoming call `parent` on `edge`. Blocks. */
    enum bh_status (*callback)(struct bh_outgoing *call);
    /* `size` bytes of the edge's arena, 64-byte aligned. NULL: it is larger than the arena, or other calls have taken
     * the room; whenever some of it becomes free, all threads that sleep() on the arena's own address are woken. The
     * contents are whatever earlier calls of this edge left. */
    void *(*arena_alloc)(uint32_t edge, enum bh_arena which, size_t size);
    /* Gives a block of arena_alloc() back; the VM ends with a report if it is none. */
    void (*arena_free)(uint32_t edge, enum bh_arena which, void *block);

    /* New thread that runs entry(arg) in compartment `compartment` of this VM. Returns its id, or -EAGAIN when the VM
     * has no thread left, or -EINVAL for a compartment that is not here. It starts when the creator blocks. */
    int (*thread_create)(void (*entry)(void *), void *arg, uint32_t compartment);
    void (*thread_exit)(void) __attribute__((noreturn));
    uint32_t (*thread_self)(void);
    void (*yield)(void); /* lets the threads that are ready run first */
    /* Blocks until wakeup(wait_channel), or until `timeout` ns have passed. Returns 0, or -ETIMEDOUT, or, once for each
     * call, -ECANCELED: the caller for whom the thread runs has died, nobody needs the answer any more. A wait channel
     * is an address that is only compared; between protection keys -EFAULT for one that the caller cannot use.
     * Threads are cooperative, so to check a condition and then to sleep is atomic. */
    int (*sleep)(const void *wait_channel, uint64_t timeout);
    /* Makes at most `n` threads that sleep on `wait_channel` ready, oldest first. Returns how many. */
    uint32_t (*wakeup)(const void *wait_channel, uint32_t n);

    /* Application streams: bytes moved (at least 1), 0 at end of file (read), -errno. read blocks the thread. */
    long (*write)(enum bh_stream stream, const void *buf, size_t size);
    long (*read)(enum bh_stream stream, void *buf, size_t size);
    /* Console text of a compartment; buffered until a newline or the VM parks. */
    void (*log)(uint32_t compartment, const char *text, size_t size);
    void (*exit)(int status) __attribute__((noreturn)); /* ends the appliance */
    void (*report)(const struct bh_report *report);     /* does not return if report->fatal */
    uint64_t (*now)(void);                              /* monotonic ns since the VM's start */

    /* From now on, whenever *word is seen to differ from what it was, wakeup(wait_channel, all). So a ring that
     * something other than a gate fills (a device, the status page) wakes threads. The core looks at the word whenever
     * the VM polls, and before it parks. The memory must stay valid. Returns 0, or -ENOSPC. Watching the status page's
     * `shutdown` means that the compartment handles it; otherwise the VM ends when asked to. */
    int (*watch)(const volatile uint16_t *word, const void *wait_channel);
    /* For the compartment that has the device: BH_HC_NET_START and BH_HC_KICK. Neither blocks the thread. */
    long (*net_start)(const struct bh_net_setup *setup);
    void (*kick)(uint32_t queue);

    /* A call in two halves, on an edge to another VM. The call has no callbacks.
     * submit() sends it and does not wait for the reply. After BH_OK its reply slot is taken until collect() returns.
     * BH_BUSY: no slot is free, and this thread holds one. (If other threads hold all of them it blocks, as long as
     * `timeout` allows.) Otherwise what call() returns when nothing can be sent.
     * collect() waits for the reply as call() does, `timeout` from now; it blocks. After BH_TIMED_OUT nobody can
     * collect the reply any more. BH_BAD_ARGUMENT: no such call is under way.
     * ready(): would collect() return at once? */
    enum bh_status (*submit)(struct bh_outgoing *call);
    enum bh_status (*collect)(struct bh_outgoing *call);
    int (*ready)(const struct bh_outgoing *call);
    /* From now on *flag is 1 while the VM is parked or about to be, else 0, so that a device need not notify a VM that
     * polls. The memory must stay valid. Returns 0, or -ENOSPC. */
    int (*parked)(volatile uint32_t *flag);
    /* Gives pages of the caller's heap back to the host, which fills them with zeros at their next use: `n` ranges (at
     * most BH_RANGES_BATCH) of whole pages. Returns 0, or -EINVAL or -EFAULT for ranges that are not the caller's;
     * some may be given back then. */
    long (*give_back)(const struct bh_range *ranges, uint32_t n);
};

#define BH_CORE_CALLS (sizeof(struct bh_core_calls) / sizeof(uint64_t))
_Static_assert(BH_CORE_CALLS <= BH_CORE_CALLS_MAX, "gate table");

#endif
