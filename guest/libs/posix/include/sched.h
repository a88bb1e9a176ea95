/* The C library's <sched.h>, and the function that it leaves out.
 * SPDX-License-Identifier: BSD-3-Clause */
#include_next <sched.h>
#ifndef BH_SCHED_H
#define BH_SCHED_H

int sched_yield(void);

#endif
