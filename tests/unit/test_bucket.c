/* Token buckets, with a clock of the test's own.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"
#include "vmm/base/bucket.h"
#include "vmm/base/clock.h"

static unsigned take_all(struct bucket *b, uint64_t now)
{
    unsigned n = 0;
    while (n < 100000 && bucket_take(b, now))
        n++;
    return n;
}

static void burst_and_rate(void)
{
    struct bucket b = bucket_of(10, 4);
    uint64_t now = 1000 * CLOCK_SECOND;
    CHECK(take_all(&b, now) == 10);
    CHECK(take_all(&b, now + CLOCK_SECOND / 4 - 1) == 0 && take_all(&b, now + CLOCK_SECOND / 4) == 1);
    CHECK(take_all(&b, now + CLOCK_SECOND) == 3 && take_all(&b, now + 100 * CLOCK_SECOND) == 10);
    CHECK(take_all(&b, now) == 0); /* a clock that goes back gives nothing */
}

static void debt(void)
{
    struct bucket b = bucket_of(100, 10);
    uint64_t now = 1000 * CLOCK_SECOND;
    CHECK(bucket_spend(&b, 100, now) == 0 && bucket_spend(&b, 1, now) == CLOCK_SECOND / 10);
    CHECK(bucket_spend(&b, 9, now) == CLOCK_SECOND && bucket_spend(&b, 0, now + CLOCK_SECOND / 2) == CLOCK_SECOND / 2);
    CHECK(bucket_spend(&b, 0, now + 2 * CLOCK_SECOND) == 0);
}

static void no_limit(void)
{
    struct bucket b = {0};
    CHECK(take_all(&b, 5) == 100000 && bucket_spend(&b, 1 << 30, 5) == 0);
}

/* A machine that has just started: the window reaches back before the clock's beginning. */
static void early(void)
{
    struct bucket b = bucket_of(10, 1);
    CHECK(take_all(&b, 3 * CLOCK_SECOND) == 3);
}

int main(void)
{
    RUN(burst_and_rate);
    RUN(debt);
    RUN(no_limit);
    RUN(early);
    return CHECK_RESULT();
}
