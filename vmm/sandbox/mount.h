/* Confines a mount's process to what it needs to serve its directory.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_SANDBOX_MOUNT_H
#define BH_VMM_SANDBOX_MOUNT_H

#include <stdbool.h>

#include "vmm/base/problem.h"

/* Sets the signal dispositions of a mount's process. It ignores what a terminal sends to the process group, because the
 * supervisor decides what that means. */
void sandbox_signals(void);

/* Gives up rights for good. The process keeps the files beneath `directory`, by Landlock or, where the kernel has none
 * or an old one, by making that directory the root of a namespace of its own. It also keeps a list of system calls; any
 * other kills the process. False: `p`. */
bool sandbox_fs(int directory, bool read_only, struct problem *p);

#endif
