/* Conformance: objects that stay in the library, known to the caller by number.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "check.h"
#include "conform.h"
#include "relay.h"

enum { MANY = 5000, LIMIT = 4096 }; /* handles of one edge, docs/interface-files.md */

static enum bh_status use(void *handle)
{
    return TRY(BH_FOREVER, conform_counter_add(handle, 0));
}

/* Without isolation a handle is the library's own pointer: a wrong one is the caller's mistake, and not tried. */
static void wrong_ones(struct conform_counter *counter)
{
    struct conform_other *other = conform_other_new();
    struct conform_counter *stale = conform_counter_new(1);
    conform_counter_free(stale);
    CHECK(!isolated() || use(stale) == BH_BAD_HANDLE, "handle.stale");
    struct conform_counter *next = conform_counter_new(2);
    CHECK(!isolated() || (stale != next && use(stale) == BH_BAD_HANDLE), "handle.stale after reuse");
    CHECK(!isolated() || TRY(BH_FOREVER, conform_counter_free(stale)) == BH_BAD_HANDLE, "handle.freed twice");
    conform_counter_free(next);
    CHECK(!isolated() || use(other) == BH_BAD_HANDLE, "handle.of another type");
    CHECK(!isolated() || relay_use((uintptr_t)counter) == BH_BAD_HANDLE, "handle.of another caller");
    bool refused = true;
    for (unsigned bit = 0; bit < 64 && isolated(); bit++) {
        void *wrong = (void *)((uintptr_t)counter ^ 1ull << bit);
        refused &= !wrong || use(wrong) == BH_BAD_HANDLE;
    }
    CHECK(refused, "handle.one bit wrong");
    CHECK(!isolated() || use(&refused) == BH_BAD_HANDLE, "handle.a pointer");
    CHECK(use(counter) == BH_OK, "handle.still good");
    CHECK(conform_other_free(other) == 1, "handle.other freed");
}

static void many(void)
{
    static struct conform_counter *counters[MANY];
    unsigned before = conform_counters(), made = 0;
    enum bh_status last = BH_OK;
    for (; made < MANY; made++) {
        last = TRY(BH_FOREVER, counters[made] = conform_counter_new((int)made));
        if (last != BH_OK || !counters[made])
            break;
    }
    CHECK(isolated() ? last == BH_NO_HANDLE && made + before == LIMIT : made == MANY, "handle.limit");
    CHECK(conform_counters() == before + made, "handle.none lost in the library");
    bool right = true;
    for (unsigned i = 0; i < made; i++)
        right &= conform_counter_free(counters[i]) == (int)i;
    CHECK(right && conform_counters() == before, "handle.all freed");
    struct conform_counter *again = conform_counter_new(3);
    CHECK(again && conform_counter_free(again) == 3, "handle.after the limit");
}

void check_handles(void)
{
    struct conform_counter *counter = conform_counter_new(10), *made;
    CHECK(counter && conform_counter_add(counter, 5) == 15 && conform_counter_add(counter, 5) == 20, "handle.use");
    CHECK(!conform_counter_new(-1), "handle.not made");
    struct conform_counter **out = (struct conform_counter **)get(SHARED, sizeof(*out));
    CHECK(conform_counter_make(out, 30) == 0 && conform_counter_add(*out, 1) == 31, "handle.through a pointer");
    made = *out;
    CHECK(conform_counter_make(out, -1) == -1 && !*out, "handle.not made through a pointer");
    CHECK(conform_counter_free(made) == 31, "handle.freed");
    put(SHARED, out);
    wrong_ones(counter);
    many();
    CHECK(conform_counter_free(counter) == 20 && conform_counters() == 0, "handle.none left");
}
