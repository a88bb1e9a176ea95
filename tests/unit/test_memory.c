/* Hosted tests of the two allocators: the copy arena's ranges and the shared heap's buddies.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "guest/kernel/core/arena.h"
#include "shared-mem/buddy.h"

static struct bh_arena_map arena;

static void arena_first_fit(void)
{
    bh_arena_init(&arena, 0x10000, 4096, false);
    uint64_t a = bh_arena_take(&arena, 100), b = bh_arena_take(&arena, 1), c = bh_arena_take(&arena, 0);
    CHECK(a == 0x10000 && b == 0x10080 && c == 0x100c0);
    CHECK(bh_arena_give(&arena, b) && !bh_arena_give(&arena, b));
    CHECK(!bh_arena_give(&arena, 0x10001));
    CHECK(bh_arena_take(&arena, 65) == 0x10100); /* the gap of 64 is too small */
    CHECK(bh_arena_take(&arena, 64) == 0x10080);
}

static void arena_limits(void)
{
    bh_arena_init(&arena, 0x10000, 4096, false);
    CHECK(!bh_arena_take(&arena, 4097) && !bh_arena_take(&arena, SIZE_MAX));
    uint64_t all = bh_arena_take(&arena, 4096);
    CHECK(all == 0x10000 && !bh_arena_take(&arena, 1));
    CHECK(bh_arena_give(&arena, all) && arena.n == 0);
    bh_arena_init(&arena, 0x10000, 1 << 20, false);
    for (unsigned i = 0; i < BH_ARENA_BLOCKS; i++)
        CHECK(bh_arena_take(&arena, 64));
    CHECK(!bh_arena_take(&arena, 64));
}

/* A block that is given back, and nothing beside it, is overwritten if that was asked for. */
static void test_c1_arena_is_poisoned(void)
{
    static unsigned char memory[256] __attribute__((aligned(BH_ARENA_ALIGN)));
    for (int poison = 0; poison <= 1; poison++) {
        memset(memory, 1, sizeof(memory));
        bh_arena_init(&arena, (uint64_t)memory, sizeof(memory), poison);
        bh_arena_take(&arena, 64);
        CHECK(bh_arena_give(&arena, bh_arena_take(&arena, 65)));
        for (size_t i = 0; i < sizeof(memory); i++)
            CHECK(memory[i] == (poison && i >= 64 && i < 192 ? BH_ARENA_POISON : 1));
    }
}

static void arena_random(void)
{
    enum { LIVE = 40 };
    uint64_t start[LIVE] = {0};
    size_t size[LIVE] = {0};
    srand(1);
    bh_arena_init(&arena, 0x100000, 0x10000, false);
    for (int round = 0; round < 20000; round++) {
        int i = rand() % LIVE;
        if (start[i]) {
            CHECK(bh_arena_give(&arena, start[i]));
            start[i] = 0;
            continue;
        }
        size[i] = (size_t)(rand() % 5000);
        start[i] = bh_arena_take(&arena, size[i]);
        if (!start[i])
            continue;
        CHECK(start[i] % BH_ARENA_ALIGN == 0 && start[i] >= 0x100000 && start[i] + size[i] <= 0x110000);
        for (int j = 0; j < LIVE; j++)
            CHECK(j == i || !start[j] || start[j] + size[j] <= start[i] || start[i] + size[i] <= start[j]);
    }
}

static struct bh_buddy buddy;
static void *state;

static void buddy_start(uint64_t size)
{
    free(state);
    state = calloc(1, bh_buddy_state_size(size));
    bh_buddy_init(&buddy, 0x180000000000ull, size, state);
}

static void buddy_splits_and_merges(void)
{
    buddy_start(1 << 20);
    uint64_t whole = bh_buddy_alloc(&buddy, 1 << 20);
    CHECK(whole == buddy.base && !bh_buddy_alloc(&buddy, 1));
    CHECK(bh_buddy_free(&buddy, whole) && !bh_buddy_free(&buddy, whole));
    uint64_t a = bh_buddy_alloc(&buddy, 1), b = bh_buddy_alloc(&buddy, 65);
    CHECK(a && b && bh_buddy_size(&buddy, a) == 64 && bh_buddy_size(&buddy, b) == 128);
    CHECK(!bh_buddy_free(&buddy, a + 64) && !bh_buddy_free(&buddy, a + 1) && !bh_buddy_free(&buddy, 0));
    CHECK(!bh_buddy_free(&buddy, buddy.base + (1 << 20)) && !bh_buddy_free(&buddy, UINT64_MAX));
    CHECK(bh_buddy_free(&buddy, a) && bh_buddy_free(&buddy, b));
    CHECK(bh_buddy_alloc(&buddy, 1 << 20) == whole);
}

static void buddy_odd_sizes(void)
{
    const uint64_t sizes[] = {64, 4096, 12288, 1000 * 4096ull, 48ull << 30};
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        buddy_start(sizes[i]);
        CHECK(bh_buddy_state_size(sizes[i]) < 100 * 1024);
        CHECK(!bh_buddy_alloc(&buddy, sizes[i] + 1) && !bh_buddy_alloc(&buddy, UINT64_MAX));
        uint64_t p, n = 0;
        while ((p = bh_buddy_alloc(&buddy, 1))) {
            CHECK(p >= buddy.base && p + buddy.unit <= buddy.base + sizes[i]);
            n++;
        }
        CHECK(n == sizes[i] / buddy.unit && buddy.units_free == 0);
    }
}

static void buddy_random(void)
{
    enum { LIVE = 64 };
    uint64_t start[LIVE] = {0}, size[LIVE];
    srand(2);
    buddy_start(3 << 20);
    for (int round = 0; round < 50000; round++) {
        int i = rand() % LIVE;
        if (start[i]) {
            CHECK(bh_buddy_free(&buddy, start[i]));
            start[i] = 0;
            continue;
        }
        size[i] = 1 + (uint64_t)rand() % 200000;
        start[i] = bh_buddy_alloc(&buddy, size[i]);
        if (!start[i])
            continue;
        size[i] = bh_buddy_size(&buddy, start[i]);
        for (int j = 0; j < LIVE; j++)
            CHECK(j == i || !start[j] || start[j] + size[j] <= start[i] || start[i] + size[i] <= start[j]);
    }
    for (int i = 0; i < LIVE; i++)
        CHECK(!start[i] || bh_buddy_free(&buddy, start[i]));
    CHECK(buddy.units_free == buddy.n_units && bh_buddy_alloc(&buddy, 2 << 20));
}

int main(void)
{
    RUN(arena_first_fit);
    RUN(arena_limits);
    RUN(test_c1_arena_is_poisoned);
    RUN(arena_random);
    RUN(buddy_splits_and_merges);
    RUN(buddy_odd_sizes);
    RUN(buddy_random);
    free(state);
    return CHECK_RESULT();
}
