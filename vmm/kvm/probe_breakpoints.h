/* Whether this KVM honours hardware breakpoints.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_KVM_PROBE_BREAKPOINTS_H
#define BH_VMM_KVM_PROBE_BREAKPOINTS_H

#include <stdbool.h>

#include "vmm/kvm/host.h"

/* Sets a breakpoint in a throw-away VM and runs into it, because some KVMs accept breakpoints and ignore them. It takes
 * a millisecond or two. */
bool hardware_breakpoints_work(const struct host *h);

#endif
