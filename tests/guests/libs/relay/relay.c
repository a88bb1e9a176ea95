/* A library that calls another one.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "relay.h"

#include <bh/bulkhead.h>

#include "conform.h"

uint64_t relay_sum(const void *data, size_t size)
{
    return conform_sum(data, size);
}

static int visit_through(void *context, int value)
{
    relay_visit **visit = context;
    return (*visit)(value);
}

int relay_each(relay_visit *visit, int n)
{
    return conform_each(visit_through, &visit, n);
}

int relay_use(uint64_t handle)
{
    struct bh_try attempt;
    bh_try_begin(&attempt, BH_FOREVER);
    conform_counter_add((struct conform_counter *)(uintptr_t)handle, 1);
    return (int)bh_try_end(&attempt);
}

uintptr_t relay_where(const void *data, size_t size)
{
    (void)size;
    return (uintptr_t)data;
}

int relay_sleep(int n, unsigned ms)
{
    bh_sleep(ms * 1000000ull);
    return n;
}

int relay_never(void)
{
    return 1;
}
