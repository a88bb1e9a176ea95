/* Finds out that every VM waits for good.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_SUPERVISOR_DEADLOCK_H
#define BH_VMM_SUPERVISOR_DEADLOCK_H

#include "vmm/supervisor/state.h"

/* A VM has gone to sleep until a peer wakes it: reports a deadlock if none of them can be awake ever again. It is
 * reported once, and the appliance goes on waiting, so that somebody can look at it. */
void deadlock_check(struct supervisor *s);

#endif
