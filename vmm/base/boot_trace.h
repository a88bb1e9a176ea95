/* Time stamps of the phases of a start, printed at the end.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_BASE_BOOT_TRACE_H
#define BH_VMM_BASE_BOOT_TRACE_H

#include <stdint.h>

#define BOOT_TRACE_MAX 1024u /* later ones are dropped */

/* Notes `name` (copied, at most 31 characters) at time_ns. */
void boot_trace_add(const char *name, uint64_t time_ns);

/* Prints a line "mark NAME usec" for each to stderr, in order of time. The microseconds count from `start_ns`, or from
 * the time in the environment variable BULKHEAD_START_NS if it is set. */
void boot_trace_print(uint64_t start_ns);

#endif
