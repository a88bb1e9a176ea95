/* The C library's <sys/wait.h>, and the function that it leaves out.
 * SPDX-License-Identifier: BSD-3-Clause */
#include_next <sys/wait.h>
#ifndef BH_SYS_WAIT_H
#define BH_SYS_WAIT_H

struct rusage;
pid_t wait3(int *status, int options, struct rusage *usage); /* fails: there are no children */

#endif
