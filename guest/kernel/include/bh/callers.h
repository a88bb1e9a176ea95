/* Who calls a library, and how much of what all callers have in common each of them may take.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Callers have numbers: BH_CALLER_INSIDE is code of the library's own domain (its compartment, and others of its VM
 * without isolation), and every edge over which a gate leads here has one more than its index. */
#ifndef BH_CALLERS_H
#define BH_CALLERS_H

#include <stdbool.h>
#include <stdint.h>

#include "rpc/map.h"

#define BH_CALLER_INSIDE 0u
#define BH_CALLERS_MAX   (BH_EDGES_MAX + 1)

extern _Thread_local uint32_t bh_calling; /* number of the caller */

/* Who made the call that this thread runs. Valid in functions that the interface file marks with `caller`; elsewhere
 * it is BH_CALLER_INSIDE. A library keeps the number with what it makes for the caller. */
static inline uint32_t bh_caller(void)
{
    return bh_calling;
}

/* For generated code: around a function with `caller`. bh_caller_enter() returns what bh_caller_leave() takes. */
static inline uint32_t bh_caller_enter(uint32_t edge)
{
    uint32_t outer = bh_calling;
    bh_calling = edge + 1;
    return outer;
}

static inline void bh_caller_leave(uint32_t outer)
{
    bh_calling = outer;
}

/* How many callers a compartment of this VM has: its edges with a gate, and BH_CALLER_INSIDE if the application is in
 * its domain. `inside`: whether that one counts. */
uint32_t bh_callers_count(uint32_t compartment, bool *inside);

/* Something that all callers take from. Half of it is guaranteed, in equal parts; the other half is for whoever comes
 * first. So a caller that takes all it can get leaves the others their parts. A quota is zero before its set-up. */
struct bh_quota {
    uint64_t total, guaranteed; /* `guaranteed`: of each caller */
    uint64_t taken, owed;       /* owed: what callers could still take of their guaranteed parts */
    bool inside;                /* BH_CALLER_INSIDE has a guaranteed part */
    uint64_t used[BH_CALLERS_MAX];
};

/* `callers`, `inside`: from bh_callers_count(). With more callers than the half has parts, all of it is guaranteed. */
void bh_quota_init(struct bh_quota *q, uint64_t total, uint32_t callers, bool inside);
/* False: the caller would take what is guaranteed to others, or there is not so much. */
bool bh_quota_take(struct bh_quota *q, uint32_t caller, uint64_t amount);
void bh_quota_give(struct bh_quota *q, uint32_t caller, uint64_t amount); /* back */

#endif
