/* What the two halves of an outgoing call have in common: gate_out.c sends it, gate_wait.c waits for its reply.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_CORE_GATE_OUT_H
#define BH_CORE_GATE_OUT_H

#include "core.h"

/* How often the one reply slot is looked at before anything else is polled, about three times an undisturbed round
 * trip; and after how many of these the fence of peers_fence() is due. */
enum { FAST_POLLS = 1024, FENCE_AFTER = 128 };

/* Takes a reply; from now on the slot is free for another call. */
static inline enum bh_status take_reply(struct endpoint *endpoint, unsigned slot, uint64_t values[BH_VALUES])
{
    bool full = endpoint->out.outstanding == UINT64_MAX;
    enum bh_status status = bh_out_collect(&endpoint->out, slot, values);
    if (__builtin_expect(full, 0)) /* threads may wait for a free slot */
        thread_wakeup(&endpoint->out, UINT32_MAX);
    return status;
}

/* Waits for the reply in a slot that nobody waits for yet, and runs callbacks meanwhile. Blocks. After BH_TIMED_OUT the
 * core frees the call's arena block when the late reply comes. */
enum bh_status gate_await(struct endpoint *endpoint, unsigned slot, struct bh_outgoing *call, uint64_t timeout);

/* Whether a debugger holds a VM of the appliance, or did since *epoch: then the time that went by does not count. */
bool gate_was_held(uint32_t *epoch);

#endif
