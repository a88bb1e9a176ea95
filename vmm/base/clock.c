/* The monotonic clock in nanoseconds.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/base/clock.h"

#include <time.h>

uint64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * CLOCK_SECOND + (uint64_t)t.tv_nsec;
}
