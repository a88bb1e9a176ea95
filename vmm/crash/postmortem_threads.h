/* Every thread of an appliance that stands still: where it is, and what it waits for.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_CRASH_POSTMORTEM_THREADS_H
#define BH_VMM_CRASH_POSTMORTEM_THREADS_H

#include "vmm/crash/postmortem_unwind.h"

/* Whether some thread waits for a reply, a lock or another thread; rather than just for nothing to happen. */
bool postmortem_stuck(const struct postmortem *p);

/* Prints every thread of every VM. */
void postmortem_threads(FILE *out, const struct postmortem *p);

/* Whether one of the first frames of a thread is in this function of an image or of the core. */
bool postmortem_is_in(const struct postmortem *p, const struct frames *f, const char *function);

#endif
