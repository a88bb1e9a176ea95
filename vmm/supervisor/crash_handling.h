/* What the supervisor does about crashes: collects cores, reports, and tells the peers afterwards.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_SUPERVISOR_CRASH_HANDLING_H
#define BH_VMM_SUPERVISOR_CRASH_HANDLING_H

#include "vmm/supervisor/state.h"

/* The VM crashed, or its guest reports that a gate call was refused. */
void crash_handle(struct vm_proc *vm, const struct crash *c);

/* Reports of the VM that are not printed, since there are too many: counts them; tells how many there were, if any. */
void crash_count_omitted(struct vm_proc *vm, uint64_t n);
void crash_tell_omitted(struct vm_proc *vm);

/* Has the processes of the VMs send their cores while the calls in flight can still be seen in them, and starts the
 * process that makes a report of it all. Does nothing if this VM has had its report. False: it cannot be started. */
bool crash_collect(struct vm_proc *vm, const struct crash *c);

/* A child has ended: takes note of it if it was the VM's collector. Does not block. */
void crash_reap_collector(struct vm_proc *vm);

#endif
