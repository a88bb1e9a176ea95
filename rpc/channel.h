/* Operations on one channel of an edge: post and collect at the calling end, fetch and reply at the called end.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Every decision here rests on private memory (struct bh_out, struct bh_in) and on copies of slots that were fetched
 * once. Nothing blocks. Hosted tests and the fuzzer compile this file as it is. */
#ifndef BH_RPC_CHANNEL_H
#define BH_RPC_CHANNEL_H

#include <stdbool.h>

#include "rpc/gate.h"

/* Calling end. A request slot is free again once fewer than BH_SLOTS calls are outstanding: the called end has
 * fetched every request that it replied to, so no cursor of its own needs to be read. */
struct bh_out {
    struct bh_channel *channel;
    uint32_t seq;              /* of the last request posted */
    uint32_t expect[BH_SLOTS]; /* seq of the reply that each reply slot waits for */
    uint64_t outstanding;      /* bit s: reply slot s waits for its reply */
};

/* Called end. */
struct bh_in {
    struct bh_channel *channel;
    uint32_t seq; /* of the last request fetched */
};

/* Private copy of a request. */
struct bh_fetched {
    uint32_t seq;
    uint16_t fn, slot;
    uint32_t parent, reserved;
    /* Copied in vectors from end to end: a vector read from what was just written in words would wait for the store
     * buffer. */
    uint64_t args[BH_GATE_ARGS];
};
_Static_assert(offsetof(struct bh_request, fn) == 4 && offsetof(struct bh_request, slot) == 6, "bh_in_take()");

typedef uint32_t bh_vector __attribute__((vector_size(16), may_alias, aligned(8)));
typedef uint64_t bh_word __attribute__((may_alias));

/* Copies a slot, or part of one: what comes from the peer. */
static inline void bh_take_vectors(void *to, const volatile void *from, unsigned n)
{
#pragma GCC unroll 8
    for (unsigned i = 0; i < n; i++)
        ((bh_vector *)to)[i] = ((const volatile bh_vector *)from)[i];
}

/* Copies what was just written word by word, and has to be read so. */
static inline void bh_give_words(uint64_t *to, const uint64_t *from, unsigned n)
{
#pragma GCC unroll 8
    for (unsigned i = 0; i < n; i++)
        to[i] = *(const volatile uint64_t *)&from[i];
}

/* Makes the processor begin to fetch a cache line that will soon be written, so that the other end's copy of it is gone
 * by then (AMD64 manual vol. 3 and Intel SDM vol. 2B, PREFETCHW: a hint; does nothing on processors without it). */
static inline void bh_own(const volatile void *line)
{
    __asm__ volatile("prefetchw %0" : : "m"(*(const volatile char *)line));
}

/* Sends a request. Returns the slot that its reply will come in, or -1 when BH_SLOTS calls are outstanding. */
static inline int bh_out_post(struct bh_out *out, uint16_t fn, uint32_t parent, const uint64_t args[BH_GATE_ARGS])
{
    if (out->outstanding == UINT64_MAX)
        return -1;
    /* Slot 0 is the usual case: guess it, so that nothing waits for the bit scan. */
    unsigned slot = __builtin_expect(out->outstanding != 0, 0) ? (unsigned)__builtin_ctzll(~out->outstanding) : 0;
    uint32_t seq = ++out->seq;
    struct bh_request *request = &out->channel->requests[seq % BH_SLOTS];
    out->expect[slot] = seq;
    out->outstanding |= 1ull << slot;
    request->fn = fn;
    request->slot = (uint16_t)slot;
    request->parent = parent;
    bh_give_words(request->args, args, BH_GATE_ARGS);
    atomic_store_explicit(&request->seq, seq, memory_order_release);
    return (int)slot;
}

/* Makes the processor begin to fetch the slot that the next request goes into. */
static inline void bh_out_own(const struct bh_out *out)
{
    bh_own(&out->channel->requests[(out->seq + 1) % BH_SLOTS]);
}

/* Has the reply of this slot come? Only looks. */
static inline bool bh_out_ready(const struct bh_out *out, unsigned slot)
{
    return atomic_load_explicit(&out->channel->replies[slot].seq, memory_order_acquire) == out->expect[slot];
}

/* Makes the processor begin to fetch a reply slot. */
static inline void bh_out_ahead(const struct bh_out *out, unsigned slot)
{
    __builtin_prefetch((const void *)&out->channel->replies[slot % BH_SLOTS], 0);
}

/* A status as the called end sent it. One that only the calling end can find out is a lie, and one that matters: a call
 * that "timed out" keeps its arena block. It counts as a refusal, and so does a status outside the enumeration. */
static inline enum bh_status bh_status_of_callee(uint32_t status)
{
    const uint32_t possible = 1u << BH_OK | 1u << BH_REFUSED | 1u << BH_BAD_ARGUMENT | 1u << BH_NO_MEMORY |
                              1u << BH_BAD_HANDLE | 1u << BH_NO_HANDLE | 1u << BH_HANDLE_BUSY;
    return status <= BH_STATUS_LAST && (possible >> status & 1) ? (enum bh_status)status : BH_REFUSED;
}

/* Takes the reply that bh_out_ready() saw, and frees the slot. */
static inline enum bh_status bh_out_collect(struct bh_out *out, unsigned slot, uint64_t values[BH_VALUES])
{
    const volatile struct bh_reply *reply = &out->channel->replies[slot];
    enum bh_status status = bh_status_of_callee(reply->status);
    bh_take_vectors(values, reply->values, BH_VALUES * sizeof(uint64_t) / sizeof(bh_vector));
    out->outstanding &= ~(1ull << slot);
    return status;
}

/* Is a request there? Only looks. */
static inline bool bh_in_ready(const struct bh_in *in)
{
    uint32_t next = in->seq + 1;
    return atomic_load_explicit(&in->channel->requests[next % BH_SLOTS].seq, memory_order_acquire) == next;
}

/* Makes the processor begin to fetch the request slot `n` after the next. */
static inline void bh_in_ahead(const struct bh_in *in, unsigned n)
{
    __builtin_prefetch((const void *)&in->channel->requests[(in->seq + 1 + n) % BH_SLOTS], 0);
}

/* Takes the request that bh_in_ready() saw; its arguments go to `args`. False: it names no reply slot, so nobody can be
 * waiting, and it is dropped. */
static inline bool bh_in_take(struct bh_in *in, struct bh_fetched *request, uint64_t args[BH_GATE_ARGS])
{
    uint32_t next = ++in->seq; /* what bh_in_ready() saw, not what stands there now */
    const volatile struct bh_request *shared = &in->channel->requests[next % BH_SLOTS];
    uint64_t head = *(const volatile bh_word *)shared;
    request->seq = next;
    request->fn = (uint16_t)(head >> 32);
    request->slot = (uint16_t)(head >> 48);
    request->parent = shared->parent;
    request->reserved = 0;
    bh_take_vectors(args, shared->args, BH_GATE_ARGS * sizeof(uint64_t) / sizeof(bh_vector));
    return request->slot < BH_SLOTS;
}

/* Makes the processor begin to fetch the slot that the reply to a fetched request goes into. */
static inline void bh_in_own(const struct bh_in *in, const struct bh_fetched *request)
{
    bh_own(&in->channel->replies[request->slot]);
}

/* The same, with the arguments in the request itself. */
static inline bool bh_in_fetch(struct bh_in *in, struct bh_fetched *request)
{
    return bh_in_take(in, request, request->args);
}

/* Answers a fetched request (slot < BH_SLOTS). */
static inline void bh_in_reply(struct bh_in *in, const struct bh_fetched *request, enum bh_status status,
                               const uint64_t values[BH_VALUES])
{
    struct bh_reply *reply = &in->channel->replies[request->slot];
    reply->status = (uint32_t)status;
    bh_give_words(reply->values, values, BH_VALUES);
    atomic_store_explicit(&reply->seq, request->seq, memory_order_release);
}

#endif
