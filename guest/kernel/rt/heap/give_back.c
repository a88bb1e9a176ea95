/* Giving memory back to the host: which, when, and in batches.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Memory that was given back costs a fault and zeroing when it is used again, and a hole in a huge page costs most. So
 * little free memory is kept for ever; when a program has freed much, the best moment is when it waits for something:
 * then neighbours have become free as well, and few large ranges go. A program that never waits gives memory back when
 * several times as much is free as in use: before that, the ranges would be small and many. */
#include <bh/bulkhead.h>
#include <bh/core.h>

#include "arena.h"

#define KEPT_AT_REST (2048ul << 10 >> LG_PAGE)  /* pages of free memory that a waiting program keeps */
#define KEPT_AT_WORK (32768ul << 10 >> LG_PAGE) /* and one that does not wait */
#define SELDOM       16                         /* giving back takes at most one part in so many of the time */
#define SEVERAL      4                          /* times the memory in use */
#define BATCH        BH_RANGES_BATCH

static uint64_t not_before; /* bh_now() */

static size_t free_pages(void)
{
    return ecache_npages_get(&heap_arena->pa_shard.pac.ecache_dirty);
}

/* Moves up to BATCH free extents to those that were given back. Returns how many. */
static uint32_t give_batch(pac_t *pac, ehooks_t *hooks)
{
    edata_t *extents[BATCH];
    struct bh_range ranges[BATCH];
    uint32_t n = 0;
    while (n < BATCH && (extents[n] = ecache_evict(heap_tsdn, pac, hooks, &pac->ecache_dirty, 0))) {
        ranges[n] = (struct bh_range){.va = (uintptr_t)edata_base_get(extents[n]), .size = edata_size_get(extents[n])};
        n++;
    }
    bool gone = n && bh_core()->give_back(ranges, n) == 0;
    for (uint32_t i = 0; i < n; i++) {
        edata_zeroed_set(extents[i], gone);
        extent_record(heap_tsdn, pac, hooks, &pac->ecache_retained, extents[i]);
    }
    return n;
}

bool heap_give_back(void)
{
    if (!heap_tsdn || !free_pages())
        return false;
    pac_t *pac = &heap_arena->pa_shard.pac;
    ehooks_t *hooks = pac_ehooks_get(pac);
    while (give_batch(pac, hooks) == BATCH)
        ;
    return true;
}

void bh_heap_rest(void)
{
    if (likely(!heap_tsdn || free_pages() <= KEPT_AT_REST))
        return;
    uint64_t start = bh_now();
    if (start < not_before)
        return;
    heap_give_back();
    uint64_t end = bh_now();
    not_before = end + SELDOM * (end - start);
}

void heap_freed(void)
{
    size_t n = free_pages();
    if (unlikely(n > KEPT_AT_WORK) && n > SEVERAL * atomic_load_zu(&heap_arena->pa_shard.nactive, ATOMIC_RELAXED))
        heap_give_back();
}
