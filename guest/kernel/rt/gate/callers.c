/* Who calls, and quotas of callers.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <bh/callers.h>

#include "rpc/boot.h"

_Thread_local uint32_t bh_calling;

static bool is_default(uint32_t compartment)
{
    const struct bh_bootinfo *boot = (const struct bh_bootinfo *)BH_BOOTINFO_VA;
    const struct bh_boot_compartment *c = (const void *)((const char *)boot + boot->compartments_off);
    for (uint32_t i = 0; i < boot->n_compartments; i++)
        if (c[i].index == compartment)
            return c[i].flags & BH_COMPARTMENT_DEFAULT;
    return false;
}

uint32_t bh_callers_count(uint32_t compartment, bool *inside)
{
    const struct bh_bootinfo *boot = (const struct bh_bootinfo *)BH_BOOTINFO_VA;
    const struct bh_boot_edge *edge = (const void *)((const char *)boot + boot->edges_off);
    uint32_t n = 0;
    *inside = is_default(compartment);
    for (uint32_t i = 0; i < boot->n_edges; i++) {
        if (edge[i].to != compartment)
            continue;
        if ((edge[i].flags & BH_EDGE_LOCAL) == BH_EDGE_LOCAL && !(edge[i].flags & BH_EDGE_KEYED))
            *inside = true;
        else
            n++;
    }
    return n + *inside;
}

void bh_quota_init(struct bh_quota *q, uint64_t total, uint32_t callers, bool inside)
{
    uint64_t n = callers ? callers : 1;
    q->total = total;
    q->guaranteed = total / 2 / n ? total / 2 / n : total / n;
    q->owed = q->guaranteed * callers;
    q->inside = inside;
}

/* What the caller may still take of its guaranteed part. */
static uint64_t left_to(const struct bh_quota *q, uint32_t caller)
{
    if (caller == BH_CALLER_INSIDE && !q->inside)
        return 0;
    return q->used[caller] < q->guaranteed ? q->guaranteed - q->used[caller] : 0;
}

bool bh_quota_take(struct bh_quota *q, uint32_t caller, uint64_t amount)
{
    if (caller >= BH_CALLERS_MAX)
        return false;
    uint64_t left = left_to(q, caller), free = q->total - q->taken - (q->owed - left);
    if (amount > free)
        return false;
    q->owed -= amount < left ? amount : left;
    q->taken += amount;
    q->used[caller] += amount;
    return true;
}

void bh_quota_give(struct bh_quota *q, uint32_t caller, uint64_t amount)
{
    if (caller >= BH_CALLERS_MAX || amount > q->used[caller])
        return;
    uint64_t before = left_to(q, caller);
    q->used[caller] -= amount;
    q->taken -= amount;
    q->owed += left_to(q, caller) - before;
}
