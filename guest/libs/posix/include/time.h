/* The C library's <time.h>, and POSIX's names of the variables that tzset() sets.
 * SPDX-License-Identifier: BSD-3-Clause */
#include_next <time.h>
#ifndef BH_TIME_H
#define BH_TIME_H

extern long timezone __asm__("_timezone"); /* seconds west of Greenwich */
extern int daylight __asm__("_daylight");

/* Time since the start: time of the processor is not accounted. */
#define CLOCK_PROCESS_CPUTIME_ID ((clockid_t)2)
#define CLOCK_THREAD_CPUTIME_ID  ((clockid_t)3)

#endif
