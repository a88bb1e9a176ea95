/* Takes everything from a mount's process that it does not need to serve its directory.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_SANDBOX_MOUNT_H
#define BH_VMM_SANDBOX_MOUNT_H

#include <stdbool.h>

#include "vmm/base/problem.h"

/* Default dispositions that a process of an appliance has: what a terminal sends its group is the
 * supervisor's business. */
void sandbox_signals(void);

/* No way back. Files: those beneath `directory` (Landlock; where the kernel has none, or an old one, the
 * root of a user namespace of its own is that directory). System calls: a list; any other kills the
 * process. False: `p`. */
bool sandbox_fs(int directory, bool read_only, struct problem *p);

#endif
