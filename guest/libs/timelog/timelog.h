/* A log in memory: lines, each with the time it came.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef TIMELOG_H
#define TIMELOG_H

#include <stdint.h>

void timelog_add(const char *line); /* copies it, cut after TIMELOG_LINE - 1 bytes; the oldest line goes */
uint64_t timelog_lines(void);       /* how many were added */
uint64_t timelog_longest(void);     /* ns: the longest time between two lines */

enum { TIMELOG_LINE = 120 };

#endif
