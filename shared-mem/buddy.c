/* Buddy allocator with out-of-band state.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "shared-mem/buddy.h"

static uint64_t unit_for(uint64_t size)
{
    uint64_t unit = BH_BUDDY_UNIT;
    while (size / unit > BH_BUDDY_UNITS)
        unit *= 2;
    return unit;
}

static size_t map_words(uint64_t n_units, unsigned order)
{
    return (size_t)((n_units >> order) + 63) / 64;
}

size_t bh_buddy_state_size(uint64_t size)
{
    uint64_t n = size / unit_for(size);
    size_t bytes = 0;
    for (unsigned o = 0; o < BH_BUDDY_ORDERS && n >> o; o++)
        bytes += map_words(n, o) * sizeof(uint64_t);
    return bytes + (size_t)n;
}

static void mark_free(struct bh_buddy *b, unsigned order, uint64_t block)
{
    b->free_map[order][block / 64] |= 1ull << (block % 64);
    b->n_free[order]++;
}

static bool take_if_free(struct bh_buddy *b, unsigned order, uint64_t block)
{
    uint64_t bit = 1ull << (block % 64);
    if (!b->free_map[order] || block >= b->n_units >> order || !(b->free_map[order][block / 64] & bit))
        return false;
    b->free_map[order][block / 64] &= ~bit;
    b->n_free[order]--;
    return true;
}

void bh_buddy_init(struct bh_buddy *b, uint64_t base, uint64_t size, void *state)
{
    *b = (struct bh_buddy){.base = base, .unit = unit_for(size)};
    b->n_units = (uint32_t)(size / b->unit);
    uint64_t *maps = state;
    for (unsigned o = 0; o < BH_BUDDY_ORDERS && b->n_units >> o; o++) {
        b->free_map[o] = maps;
        maps += map_words(b->n_units, o);
    }
    b->order = (uint8_t *)maps;
    b->units_free = b->n_units;
    uint64_t at = 0;
    for (int o = BH_BUDDY_ORDERS - 1; o >= 0; o--) {
        if (((b->n_units - at) >> o) & 1) {
            mark_free(b, (unsigned)o, at >> o);
            at += 1ull << o;
        }
    }
}

static uint64_t first_free(const struct bh_buddy *b, unsigned order)
{
    for (size_t w = 0;; w++)
        if (b->free_map[order][w])
            return w * 64 + (uint64_t)__builtin_ctzll(b->free_map[order][w]);
}

uint64_t bh_buddy_alloc(struct bh_buddy *b, uint64_t size)
{
    if (!size || size > (uint64_t)b->n_units * b->unit)
        return 0;
    unsigned want = 0;
    while (b->unit << want < size)
        want++;
    unsigned order = want;
    while (order < BH_BUDDY_ORDERS && !b->n_free[order])
        order++;
    if (order == BH_BUDDY_ORDERS)
        return 0;
    uint64_t block = first_free(b, order);
    take_if_free(b, order, block);
    while (order > want) {
        order--;
        block *= 2;
        mark_free(b, order, block + 1);
    }
    uint64_t at = block << want;
    b->order[at] = (uint8_t)(want + 1);
    b->units_free -= 1u << want;
    return b->base + at * b->unit;
}

/* Unit index of an allocated block, or -1. */
static int64_t block_at(const struct bh_buddy *b, uint64_t address)
{
    uint64_t offset = address - b->base;
    if (address < b->base || offset % b->unit || offset / b->unit >= b->n_units || !b->order[offset / b->unit])
        return -1;
    return (int64_t)(offset / b->unit);
}

uint64_t bh_buddy_size(const struct bh_buddy *b, uint64_t address)
{
    int64_t at = block_at(b, address);
    return at < 0 ? 0 : b->unit << (b->order[at] - 1);
}

bool bh_buddy_free(struct bh_buddy *b, uint64_t address)
{
    int64_t at = block_at(b, address);
    if (at < 0)
        return false;
    unsigned order = b->order[at] - 1u;
    uint64_t block = (uint64_t)at >> order;
    b->order[at] = 0;
    b->units_free += 1u << order;
    while (order + 1 < BH_BUDDY_ORDERS && take_if_free(b, order, block ^ 1)) {
        block /= 2;
        order++;
    }
    mark_free(b, order, block);
    return true;
}
