/* The clocks of the host side.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_BASE_CLOCK_H
#define BH_VMM_BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_SECOND 1000000000ull /* ns */

uint64_t clock_ns(void); /* CLOCK_MONOTONIC, ns */

/* The time stamp counter of this processor. */
static inline uint64_t clock_cycles(void)
{
    return __builtin_ia32_rdtsc();
}

#endif
