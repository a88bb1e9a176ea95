/* Bulkhead's interface for applications and libraries that want to be explicit about compartments. A program needs none
 * of it to be correct: unmodified code works, by copying.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_BULKHEAD_H
#define BH_BULKHEAD_H

#include <stddef.h>
#include <stdint.h>

#include "rpc/gate.h"
#include "rpc/hypercall.h" /* BH_FOREVER */
#include "rpc/map.h"

/* ---- Calls ---------------------------------------------------------------------------------------------- */

/* bh_gate(lib, fn, args...): fn(args...), with a compile-time check that `lib` exports `fn`. Needs the
 * generated header <bh/gate_LIB.h>, which declares bh_fn_LIB_FN for each exported function. */
#define bh_gate(lib, fn, ...) ((void)bh_fn_##lib##_##fn, fn(__VA_ARGS__))

/* What happens when a gate fails (not the function behind it). By default a failed gate call ends the appliance with a
 * report, unless the interface file gives the function an `error=` value. Between bh_try_begin() and bh_try_end(), on
 * this thread, the call returns 0 (or the error= value) instead, and bh_try_end() returns the first failure, or BH_OK.
 * `timeout` is in ns and applies to each call; BH_FOREVER: none; 0: the call is made and nobody waits for it. May be
 * nested; an inner pair hides its failures from the outer one. The caller owns `t`, which must stay valid until
 * bh_try_end(). Neither function blocks. */
struct bh_try {
    struct bh_try *outer;
    uint64_t timeout;
    enum bh_status status;
};
void bh_try_begin(struct bh_try *t, uint64_t timeout);
enum bh_status bh_try_end(struct bh_try *t);

/* bh_gate_try(&status, timeout_ns, lib, fn, args...): the value of the call, if it has one; `status` says whether it
 * happened. */
#define bh_gate_try(status_out, timeout_ns, lib, fn, ...)                                            \
    ({                                                                                               \
        struct bh_try_scope bh_scope_ __attribute__((cleanup(bh_try_leave))) = {.to = (status_out)}; \
        bh_try_begin(&bh_scope_.inner, (timeout_ns));                                                \
        bh_gate(lib, fn, __VA_ARGS__);                                                               \
    })
struct bh_try_scope {
    struct bh_try inner;
    enum bh_status *to;
};
static inline void bh_try_leave(struct bh_try_scope *scope)
{
    *scope->to = bh_try_end(&scope->inner);
}

/* A call in two halves, so that several are under way from one thread:
 *     struct bh_call call;
 *     bh_gate_submit(lib, fn, &call, args...);
 *     ...
 *     value = bh_gate_wait(lib, fn, &call);
 * Submit checks and copies the arguments, as fn(args...) would, and sends the request; it does not wait for the reply.
 * Wait returns what fn() would have returned, fills buffers that come out, sets errno, and deals with any failure as
 * fn() would, one that submit has found included. Between the two halves `call`, buffers, and everything that other
 * pointers lead to must stay where they are. The order in which the callee runs the calls of one thread is not
 * specified. Functions with very many pointers, which <bh/gate_LIB.h> leaves out, cannot be called in two halves.
 *   Submit returns BH_OK, or why the call is not under way; then nothing is held, and the wait may be left out.
 *   BH_BUSY: all reply slots of the edge (BH_SLOTS), or its arena, are taken, some by calls that this thread has not
 *   waited for yet: wait for one of those first. (A thread that has none submitted blocks instead, within the time-out
 *   of bh_try_begin().) The same applies to plain calls that a thread makes while it has others under way.
 *   The thread that submitted a call waits for it, once, in any order. Wait blocks. A time-out of bh_try_begin() counts
 *   from the wait; after it the call is gone. A call that is never waited for keeps its reply slot and its room in the
 *   arena for ever; bh_gate_drop() gives up the result instead, and does not block.
 *   Between compartments of one VM, in one compartment, and for functions with callbacks, submit makes the whole call.
 */
struct bh_call {
    _Alignas(64) uint64_t opaque[96];
};
#define bh_gate_submit(lib, fn, call, ...) bh_submit_##lib##_##fn(call, ##__VA_ARGS__)
#define bh_gate_wait(lib, fn, call)        bh_wait_##lib##_##fn(call)
int bh_gate_done(const struct bh_call *call); /* would wait return at once? Does not block: in a loop, bh_yield() */
void bh_gate_drop(struct bh_call *call);

/* A status in words, "peer died" and so on. Static memory; never NULL. */
const char *bh_status_text(enum bh_status status);

/* ---- Shared data ------------------------------------------------------------------------------------------ */

/* Puts a static variable into memory that the members of this compartment's share can reach:
 *     static bh_shared char buffer[4096];   */
#define bh_shared __attribute__((section(".bh_shared")))

/* bh_shared_stack(type, name): `name` points to a local of that type (char[64], too) on the data shadow stack, which
 * the members of this compartment's share can reach. It costs what a local costs, lives as long as the block, and is
 * not initialised. Without a share the shadow stack is private memory, and what a pointer to it leads to is copied
 * across gates. */
#define bh_shared_stack(type, name)                 \
    __typeof__(type) name##_slot_;                  \
    __typeof__(name##_slot_) *name = &name##_slot_; \
    __asm__("" : "+r"(name) : "m"(name##_slot_));   \
    name = (__typeof__(name##_slot_) *)((char *)name + BH_SHADOW_DELTA)

/* Allocates `size` bytes in a share, 64-byte aligned, not initialised. The caller owns them, and frees them with
 * bh_free_shared(). NULL with errno = ENOMEM when this compartment's slice of the share is used up, or EINVAL when it
 * is a member of no (such) share. bh_free_shared(NULL) does nothing; freeing what this compartment did not allocate
 * ends it with a report. None of these blocks. */
void *bh_malloc_shared(size_t size); /* in the default share: the first that lists it */
void *bh_malloc_shared_in(const char *share, size_t size);
void bh_free_shared(void *block);

/* ---- Threads and time -------------------------------------------------------------------------------------- */

/* Threads are cooperative: one runs until it blocks, yields or ends. Functions that return int return 0 or a negative
 * errno value, which is given with each. */
/* Starts entry(arg) once this thread blocks or yields; `id` may be NULL. -EAGAIN: the VM has no thread left. */
int bh_thread_create(uint32_t *id, void (*entry)(void *), void *arg);
void bh_thread_exit(void) __attribute__((noreturn));
uint32_t bh_thread_self(void);
void bh_yield(void);        /* lets the threads that are ready run first */
uint64_t bh_now(void);      /* monotonic, ns */
void bh_sleep(uint64_t ns); /* blocks */
/* A thread is about to wait, and not by a function of this header: the moment for the heap to give memory back to the
 * host, if much is free. Cheap otherwise; never blocks. */
void bh_heap_rest(void);

struct bh_mutex {   /* free when it is zero */
    uint32_t owner; /* thread id + 1; 0: free */
    uint32_t waiters;
};
int bh_mutex_lock(struct bh_mutex *m);    /* blocks; -EDEADLK: this thread has it already */
int bh_mutex_trylock(struct bh_mutex *m); /* -EBUSY: a thread has it */
int bh_mutex_unlock(struct bh_mutex *m);  /* -EPERM: this thread does not have it */

struct bh_sem {
    uint32_t value;
    uint32_t waiters;
};
int bh_sem_wait(struct bh_sem *s, uint64_t timeout); /* blocks, at most `timeout` ns: -ETIMEDOUT */
int bh_sem_post(struct bh_sem *s);                   /* -EOVERFLOW: the value is UINT32_MAX */

struct bh_cond {
    uint32_t waiters;
    uint32_t unused;
};
/* Unlocks `m`, blocks until a signal or for `timeout` ns, locks `m` again. -ETIMEDOUT; -EPERM: `m` is not this
 * thread's. */
int bh_cond_wait(struct bh_cond *c, struct bh_mutex *m, uint64_t timeout);
int bh_cond_signal(struct bh_cond *c);
int bh_cond_broadcast(struct bh_cond *c);

/* ---- The end ------------------------------------------------------------------------------------------------- */

/* Ends this compartment with a report that names the caller's source line. */
void bh_panic(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* Writes a line to the console, at most 255 bytes, prefixed with the compartment's name. Does not block. */
void bh_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
