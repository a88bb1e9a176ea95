/* Whether this KVM honours hardware breakpoints.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_KVM_PROBE_BREAKPOINTS_H
#define BH_VMM_KVM_PROBE_BREAKPOINTS_H

#include <stdbool.h>

#include "vmm/kvm/host.h"

/* Sets one in a throw-away VM and runs into it: some KVMs take them and forget them. A millisecond or two. */
bool hardware_breakpoints_work(const struct host *h);

#endif
