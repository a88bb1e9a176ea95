/* Translates exceptions into GDB's signals.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_VM_DEBUG_SIGNALS_H
#define BH_VMM_VM_DEBUG_SIGNALS_H

#include <signal.h>
#include <stdint.h>

/* Vectors: Intel SDM vol. 3A, table 6-1. These signals have the same numbers in GDB's remote protocol. */
static inline uint32_t debug_signal_of_vector(uint32_t vector)
{
    switch (vector) {
    case 0:  /* division */
    case 16: /* x87 */
    case 19: /* SSE */
        return SIGFPE;
    case 6:
        return SIGILL;
    default:
        return SIGSEGV;
    }
}

#endif
