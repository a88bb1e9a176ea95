/* Blocks of a compartment's heap, from jemalloc's arena.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * jemalloc's own malloc() first asks what a thread has cached. With one arena and no locks that would save little, cost
 * some 20 KiB for each compartment, and hide a block that is freed twice; so the arena is asked. */
#include "arena.h"

#include <jemalloc/internal/extent.h>

#define MIN_SIZE 16 /* so that every block is aligned to it, as max_align_t */

/* jemalloc's settings. It gives nothing back by itself: give_back.c does. */
const char *je_malloc_conf = "narenas:1,tcache:false,dirty_decay_ms:-1,muzzy_decay_ms:-1";

tsdn_t *heap_tsdn;
arena_t *heap_arena;
static size_t allocated;

static bool start_heap(void)
{
    void *first = je_malloc(1); /* starts jemalloc */
    if (!first)
        return false;
    je_free(first);
    heap_tsdn = tsd_tsdn(tsd_fetch());
    heap_arena = arena_get(heap_tsdn, 0, false);
    return true;
}

static bool is_started(void)
{
    return likely(heap_tsdn != NULL) || start_heap();
}

static void *try_alloc(size_t size, size_t alignment, bool zero)
{
    void *block;
    if (alignment <= MIN_SIZE) {
        szind_t class = sz_size2index(size);
        block = arena_malloc_hard(heap_tsdn, heap_arena, size, class, zero);
        size = sz_index2size(class);
    } else {
        size = sz_sa2u(size, alignment);
        if (!size || size > SC_LARGE_MAXCLASS)
            return NULL;
        block = arena_palloc(heap_tsdn, heap_arena, size, alignment, zero, NULL);
    }
    if (block)
        allocated += size;
    return block;
}

/* Free memory of two kinds may lie side by side, given back and not: together it may be enough. */
static void *alloc_block(size_t size, size_t alignment, bool zero)
{
    void *block;
    if (unlikely(!heap_tsdn) && alignment <= MIN_SIZE && (block = heap_few_alloc(size))) {
        allocated += heap_few_size(block);
        return block;
    }
    if (unlikely(size > SC_LARGE_MAXCLASS || !is_started()))
        return NULL;
    size = size < MIN_SIZE ? MIN_SIZE : size;
    block = try_alloc(size, alignment, zero);
    if (unlikely(!block) && heap_give_back())
        block = try_alloc(size, alignment, zero);
    return block;
}

void *heap_alloc(size_t size, bool zero)
{
    return alloc_block(size, MIN_SIZE, zero);
}

void *heap_alloc_aligned(size_t alignment, size_t size)
{
    return alloc_block(size, alignment, false);
}

/* Whether an allocated block begins there. */
static inline bool find_block(const void *block, emap_full_alloc_ctx_t *found)
{
    if (unlikely(!heap_tsdn || !heap_region_has(block)) ||
        emap_full_alloc_ctx_try_lookup(heap_tsdn, &arena_emap_global, block, found) || unlikely(!found->edata) ||
        found->szind >= SC_NSIZES || edata_state_get(found->edata) != extent_state_active)
        return false;
    if (!found->slab)
        return block == edata_addr_get(found->edata);
    const bin_info_t *info = &bin_infos[found->szind];
    size_t at = (uintptr_t)block - (uintptr_t)edata_addr_get(found->edata);
    size_t n = div_compute(&arena_binind_div_info[found->szind], at);
    return n * info->reg_size == at && n < info->nregs &&
           bitmap_get(edata_slab_data_get(found->edata)->bitmap, &info->bitmap_info, n);
}

size_t heap_block_size(const void *block)
{
    emap_full_alloc_ctx_t found;
    if (unlikely(heap_few_has(block)))
        return heap_few_size(block);
    return find_block(block, &found) ? sz_index2size(found.szind) : 0;
}

static bool free_early(void *block)
{
    size_t size = heap_few_size(block);
    allocated -= size;
    if (size)
        heap_few_free(block);
    return size != 0;
}

bool heap_free(void *block)
{
    emap_full_alloc_ctx_t found;
    if (unlikely(heap_few_has(block)))
        return free_early(block);
    if (!find_block(block, &found))
        return false;
    allocated -= sz_index2size(found.szind);
    if (found.slab)
        arena_dalloc_small(heap_tsdn, block);
    else
        large_dalloc(heap_tsdn, found.edata);
    heap_freed();
    return true;
}

void *heap_resize(void *block, size_t size)
{
    size_t old = heap_block_size(block), now;
    if (size > SC_LARGE_MAXCLASS)
        return NULL;
    if (unlikely(heap_few_has(block))) {
        if (size <= old)
            return block;
    } else if (!arena_ralloc_no_move(heap_tsdn, block, old, size < MIN_SIZE ? MIN_SIZE : size, 0, false, &now)) {
        allocated += heap_block_size(block) - old;
        return block;
    }
    void *moved = heap_alloc(size, false);
    if (moved) {
        memcpy(moved, block, size < old ? size : old);
        heap_free(block);
    }
    return moved;
}

struct heap_usage heap_usage(void)
{
    struct heap_usage u = {.allocated = allocated, .taken = heap_region_taken()};
    if (heap_tsdn) {
        pa_shard_t *pages = &heap_arena->pa_shard;
        size_t n = atomic_load_zu(&pages->nactive, ATOMIC_RELAXED) + ecache_npages_get(&pages->pac.ecache_dirty);
        u.resident = n << LG_PAGE;
    }
    return u;
}
