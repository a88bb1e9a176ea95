/* Quotas of callers: what one of them takes never touches the parts of the others.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include <bh/callers.h>

#include "check.h"

enum { CALLERS = 5 };

static struct bh_quota q;

static uint64_t take_all(uint32_t caller)
{
    uint64_t n = 0;
    while (bh_quota_take(&q, caller, 1))
        n++;
    return n;
}

static void one_caller_has_everything(void)
{
    bh_quota_init(&q, 100, 1, false);
    CHECK(take_all(7) == 100);
    bh_quota_give(&q, 7, 100);
    CHECK(bh_quota_take(&q, 7, 100) && !bh_quota_take(&q, 7, 1));
}

static void parts_are_left(void)
{
    q = (struct bh_quota){0};
    bh_quota_init(&q, 100, CALLERS, false);
    CHECK(q.guaranteed == 10 && take_all(1) == 60);
    CHECK(take_all(2) == 10 && take_all(3) == 10);
    bh_quota_give(&q, 1, 30);
    CHECK(take_all(4) == 40); /* the other half is for whoever comes first */
    CHECK(take_all(5) == 10 && take_all(1) == 0);
    CHECK(!bh_quota_take(&q, BH_CALLERS_MAX, 0) && take_all(BH_CALLER_INSIDE) == 0);
}

static void more_callers_than_halves(void)
{
    q = (struct bh_quota){0};
    bh_quota_init(&q, 6, CALLERS, true);
    CHECK(q.guaranteed == 1 && take_all(BH_CALLER_INSIDE) == 2 && take_all(1) == 1 && take_all(2) == 1);
    q = (struct bh_quota){0};
    bh_quota_init(&q, 3, CALLERS, true);
    CHECK(q.guaranteed == 0 && take_all(1) == 3);
}

static void wrong_amounts(void)
{
    q = (struct bh_quota){0};
    bh_quota_init(&q, 100, 2, false);
    CHECK(!bh_quota_take(&q, 1, UINT64_MAX) && !bh_quota_take(&q, 1, 76) && bh_quota_take(&q, 1, 75));
    bh_quota_give(&q, 1, 76); /* more than it has: nothing happens */
    CHECK(q.taken == 75 && q.owed == 25);
}

/* Whatever callers did, each can have its part. */
static void random_use(void)
{
    uint64_t used[CALLERS + 1] = {0};
    srand(5);
    q = (struct bh_quota){0};
    bh_quota_init(&q, 1000, CALLERS, false);
    for (int round = 0; round < 200000; round++) {
        uint32_t caller = 1 + (uint32_t)rand() % CALLERS;
        uint64_t amount = (uint64_t)rand() % 150;
        if (rand() & 1 && bh_quota_take(&q, caller, amount)) {
            used[caller] += amount;
        } else {
            amount = amount < used[caller] ? amount : used[caller];
            bh_quota_give(&q, caller, amount);
            used[caller] -= amount;
        }
        uint64_t sum = 0, owed = 0;
        for (uint32_t c = 1; c <= CALLERS; c++) {
            sum += used[c];
            owed += used[c] < 100 ? 100 - used[c] : 0;
        }
        CHECK(q.taken == sum && q.owed == owed && sum + owed <= 1000);
    }
}

static void callers_nest(void)
{
    CHECK(bh_caller() == BH_CALLER_INSIDE);
    uint32_t outer = bh_caller_enter(3), inner = bh_caller_enter(0);
    CHECK(outer == BH_CALLER_INSIDE && inner == 4 && bh_caller() == 1);
    bh_caller_leave(inner);
    CHECK(bh_caller() == 4);
    bh_caller_leave(outer);
    CHECK(bh_caller() == BH_CALLER_INSIDE);
}

int main(void)
{
    RUN(one_caller_has_everything);
    RUN(parts_are_left);
    RUN(more_callers_than_halves);
    RUN(wrong_amounts);
    RUN(random_use);
    RUN(callers_nest);
    return CHECK_RESULT();
}
