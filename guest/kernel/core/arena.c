/* First-fit range allocator of an edge's copy arena.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "arena.h"

void bh_arena_init(struct bh_arena_map *map, uint64_t base, uint64_t size, bool poison)
{
    map->poison = poison;
    map->base = base;
    map->size = size;
    map->n = 0;
}

static void insert_block(struct bh_arena_map *map, uint32_t at, uint64_t start, uint64_t end)
{
    for (uint32_t i = map->n; i > at; i--)
        map->block[i] = map->block[i - 1];
    map->block[at].start = start;
    map->block[at].end = end;
    map->n++;
}

uint64_t bh_arena_take(struct bh_arena_map *map, size_t size)
{
    if (size > map->size || map->n == BH_ARENA_BLOCKS)
        return 0;
    uint64_t need = ((uint64_t)(size ? size : 1) + BH_ARENA_ALIGN - 1) & ~(uint64_t)(BH_ARENA_ALIGN - 1);
    uint64_t start = map->base, limit = map->base + map->size;
    for (uint32_t i = 0; i < map->n; i++) {
        if (map->block[i].start - start >= need) {
            insert_block(map, i, start, start + need);
            return start;
        }
        start = map->block[i].end;
    }
    if (limit - start < need)
        return 0;
    insert_block(map, map->n, start, start + need);
    return start;
}

bool bh_arena_give(struct bh_arena_map *map, uint64_t start)
{
    for (uint32_t i = 0; i < map->n; i++) {
        if (map->block[i].start != start)
            continue;
        if (__builtin_expect(map->poison, 0))
            __builtin_memset((void *)start, BH_ARENA_POISON, map->block[i].end - start);
        map->n--;
        for (; i < map->n; i++)
            map->block[i] = map->block[i + 1];
        return true;
    }
    return false;
}
