/* How long a device's thread polls before it sleeps.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Waking a thread costs far more than a look at a virtqueue, but a thread that polls occupies a processor. The limit
 * adapts as KVM's halt polling does, and as guest/kernel/core/idle.c does: it grows when polling a little longer would
 * have saved the sleep, and shrinks when it would not. */
#ifndef BH_VMM_VIRTIO_POLL_LIMIT_H
#define BH_VMM_VIRTIO_POLL_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/base/clock.h"
#include "rpc/boot.h"

struct poll_limit {
    uint64_t cycles; /* what it is now */
    uint64_t max;
    uint64_t full_max; /* while more want a processor than there are */
    const struct bh_crowd *crowd;
};

/* Adapts the limit after a sleep of `slept` cycles. */
void poll_limit_adapt(struct poll_limit *l, uint64_t slept);

static inline bool poll_is_crowded(const struct poll_limit *l)
{
    return __atomic_load_n(&l->crowd->awake, __ATOMIC_RELAXED) > l->crowd->processors;
}

static inline uint64_t poll_limit_now(const struct poll_limit *l)
{
    return l->cycles > l->full_max && poll_is_crowded(l) ? l->full_max : l->cycles;
}

/* Calls `look` until it returns true or the limit is over; `now` is the time stamp counter. Returns whether it did.
 * Inline, because the call of `look` is then direct. */
static inline bool poll_until(const struct poll_limit *l, bool (*look)(void *arg, uint64_t now), void *arg)
{
    uint64_t start = clock_cycles(), now = start;
    while (now - start < poll_limit_now(l)) {
        if (look(arg, now))
            return true;
        __builtin_ia32_pause();
        now = clock_cycles();
    }
    return false;
}

#endif
