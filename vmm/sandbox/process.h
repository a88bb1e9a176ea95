/* Confines a VM's process to what it needs to run its guest.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_SANDBOX_PROCESS_H
#define BH_VMM_SANDBOX_PROCESS_H

#include "vmm/base/problem.h"

#include <stdbool.h>

/* Closes every descriptor but 0, 1, 2 and the n in `keep` (n <= 192; negative ones are skipped). */
bool sandbox_close_others(const int *keep, unsigned n, struct problem *p);

/* Which thread of a VM's process: the vCPU's, or the network device's with either back end. */
enum sandbox_kind { SANDBOX_VM, SANDBOX_NET_TAP, SANDBOX_NET_USER };

/* Gives up rights for good: resource limits, no new privileges, not dumpable, and a list of the system calls that the
 * calling thread may still make; any other kills the process. The network device's thread has to call it first. */
bool sandbox_enter(enum sandbox_kind kind, struct problem *p);

#endif
