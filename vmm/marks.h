/* Time stamps of the phases of a start, printed at the end.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_MARKS_H
#define BH_MARKS_H

#include <stdint.h>

#define MARKS_MAX 1024u /* later ones are dropped */

uint64_t marks_now(void); /* CLOCK_MONOTONIC, ns */

/* Notes `name` (copied, at most 31 characters) at time_ns. */
void marks_add(const char *name, uint64_t time_ns);

/* Prints "mark NAME usec" for each, in order of time, to stderr; usec since `start_ns`, or since
 * the environment variable BULKHEAD_START_NS when it is set. */
void marks_print(uint64_t start_ns);

#endif
