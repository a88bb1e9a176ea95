/* Runs an appliance.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_SUPERVISOR_SUPERVISOR_H
#define BH_VMM_SUPERVISOR_SUPERVISOR_H

#include "vmm/appliance/appliance.h"
#include "vmm/kvm/host.h"
#include "vmm/resources/run_options.h"

/* Boots every VM of `a` (placed), waits until the application is done, and takes everything down again, so that no
 * process is left. Blocks meanwhile. `h` has its doorbell chosen and KVM open. Returns the exit status: the
 * application's own (0 to 255); EXIT_CRASHED when a compartment crashed; EXIT_HOST or EXIT_USAGE, with a line on
 * stderr, when it could not be started; 128 + n when signal n (SIGINT, SIGTERM) ended it before the application had
 * ended by itself. The caller's standard input and output are the application's. */
int appliance_run(const struct appliance *a, const struct host *h, const struct run_options *o);

#endif
