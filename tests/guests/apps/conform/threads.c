/* Conformance: calls from several threads at once.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "conform.h"
#include "relay.h"

enum { CALLERS = 8, CALLS = 2000, CROWD = 16 };

static unsigned wrong;

static void mixed_calls(unsigned number)
{
    unsigned char *data = get(SHARED, 1000);
    for (unsigned i = 0; i < CALLS; i++) {
        int n = (int)(number * CALLS + i);
        switch (i % 100) {
        case 0:
            wrong += conform_sleep(n, 0) != n;
            break;
        case 50:
            wrong += conform_sleep(n, i % 1000 == 50) != n;
            break;
        default:
            if (i % 2) {
                wrong += conform_quick(n) != n + 1;
            } else {
                conform_fill(data, i % 1000, number);
                wrong += !filled(data, i % 1000, number);
            }
        }
    }
    put(SHARED, data);
}

/* The relay has four threads. */
static void crowd(unsigned number)
{
    for (int i = 0; i < 5; i++)
        wrong += relay_sleep((int)number + i, 2) != (int)number + i;
}

static unsigned sleepers;
static void sleep_together(unsigned number)
{
    (void)number;
    wrong += conform_sleep(1, 200) != 1;
    sleepers++;
}

/* Larger together than the arena. */
static void wait_for_arena(unsigned number)
{
    size_t size = edge_to("relay")->arena_size / 2;
    unsigned char *data = get(PRIVATE, size);
    fill(data, size, number);
    for (int i = 0; i < 4; i++)
        wrong += relay_sum(data, size) != sum(data, size);
    put(PRIVATE, data);
}

static __thread unsigned own = 7;
static void keep_own(unsigned number)
{
    unsigned before = own;
    own = number;
    errno = (int)number;
    conform_sleep(0, 1);
    bh_yield();
    wrong += before != 7 || own != number || errno != (int)number;
}

static void check_none_wrong(bool started, const char *name)
{
    CHECK(started && wrong == 0, "threads.%s", name);
    wrong = 0;
}

void check_threads(void)
{
    bool strict = isolated() && edge_to("relay")->strategy == BH_DATA_STRICT;
    check_none_wrong(in_threads(CALLERS, mixed_calls), "8 times 2000 calls");
    check_none_wrong(in_threads(CROWD, crowd), "16 callers, 4 workers");
    uint64_t start = bh_now();
    check_none_wrong(in_threads(CALLERS, sleep_together), "blocked at once");
    CHECK(sleepers == CALLERS && bh_now() - start < 1400 * MS, "threads.callees sleep in parallel");
    check_none_wrong(strict || in_threads(3, wait_for_arena), "wait for the arena");
    check_none_wrong(in_threads(CALLERS, keep_own), "thread-local storage");
}
