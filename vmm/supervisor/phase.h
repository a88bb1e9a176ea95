/* The phases in which an appliance comes to its end, and what makes it enter them.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_SUPERVISOR_PHASE_H
#define BH_VMM_SUPERVISOR_PHASE_H

#include "vmm/supervisor/state.h"

/* Before the first process is forked. */
void phase_init(struct supervisor *s);

/* Enters a later phase than the present one; does nothing otherwise. */
void phase_enter(struct supervisor *s, enum phase phase);

/* Ends the appliance if the application has ended and no VM is starting any more. */
void phase_end_if_started(struct supervisor *s);

/* The guest has stopped for good: nothing it says counts from now on. */
void phase_guest_stopped(struct vm_proc *vm);

/* The same, and its peers are told. Once is enough. */
void phase_guest_gone(struct vm_proc *vm);

/* The same, and with the application's guest the appliance ends. */
void phase_guest_over(struct vm_proc *vm);

#endif
