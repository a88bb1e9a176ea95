/* Allocator of an edge's copy arena: address ranges of the calls in flight, kept in the caller's private memory.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Calls are few and short-lived, so this is first fit over a sorted table; with one call in flight an allocation is one
 * comparison. Never blocks; not thread-safe (threads are cooperative). */
#ifndef BH_ARENA_H
#define BH_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BH_ARENA_BLOCKS 128u /* blocks at a time */
#define BH_ARENA_ALIGN  64u
#define BH_ARENA_POISON 0xdb

struct bh_arena_map {
    uint64_t base, size;
    uint32_t n;
    bool poison; /* a block that is given back is overwritten with BH_ARENA_POISON */
    struct {
        uint64_t start, end;
    } block[BH_ARENA_BLOCKS]; /* sorted, disjoint */
};

void bh_arena_init(struct bh_arena_map *map, uint64_t base, uint64_t size, bool poison);

/* Address of `size` bytes (0 counts as 1), BH_ARENA_ALIGN-aligned; 0 when there is no room now. */
uint64_t bh_arena_take(struct bh_arena_map *map, size_t size);

/* Gives a block back; false if none starts at `start`. */
bool bh_arena_give(struct bh_arena_map *map, uint64_t start);

#endif
