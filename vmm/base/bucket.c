/* Token buckets.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/base/bucket.h"

#include "vmm/base/clock.h"

struct bucket bucket_of(uint64_t burst, uint64_t per_second)
{
    uint64_t each = CLOCK_SECOND / per_second;
    return (struct bucket){.each_ns = each, .window_ns = burst * each};
}

/* Time that was not spent for longer than the window is lost. */
static uint64_t account_at(const struct bucket *b, uint64_t now)
{
    uint64_t earliest = now > b->window_ns ? now - b->window_ns : 0;
    return b->account > earliest ? b->account : earliest;
}

uint64_t bucket_spend(struct bucket *b, uint64_t n, uint64_t now)
{
    if (!b->window_ns)
        return 0;
    b->account = account_at(b, now) + n * b->each_ns;
    return b->account > now ? b->account - now : 0;
}

bool bucket_empty(const struct bucket *b, uint64_t now)
{
    return b->window_ns && account_at(b, now) + b->each_ns > now;
}

bool bucket_take(struct bucket *b, uint64_t now)
{
    if (bucket_empty(b, now))
        return false;
    bucket_spend(b, 1, now);
    return true;
}
