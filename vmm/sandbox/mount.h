/* Confines a mount's process to what it needs to serve its directory.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_SANDBOX_MOUNT_H
#define BH_VMM_SANDBOX_MOUNT_H

#include <stdbool.h>

#include "vmm/base/problem.h"

/* Sets the signal dispositions of a mount's process. It ignores what a terminal sends to the process group, because the
 * supervisor decides what that means. */
void sandbox_signals(void);

/* Gives up rights for good. The process keeps the files beneath `directory`, by Landlock and, where it may, by making
 * that directory the root of a namespace of its own; one of the two is needed. `proc` is an open /proc/self/fd, which
 * then leads nowhere else. The process also keeps a list of system calls, without those that change files if it is
 * `read_only`; any other kills it. False: `p`. */
bool sandbox_fs(int directory, int proc, bool read_only, struct problem *p);

#endif
