/* Writes the status pages, by which a guest learns what has happened outside its VM (struct bh_status_page).
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_SUPERVISOR_STATUS_H
#define BH_VMM_SUPERVISOR_STATUS_H

#include "vmm/supervisor/state.h"

/* Asks the guest to end because of signal `signo`. */
void status_ask_to_end(struct vm_proc *vm, int signo);

/* Tells the VMs that have an edge with `gone` that its guest is over. */
void status_tell_peers(struct vm_proc *gone);

/* Tells all guests whether some command wants every gate call recorded, if that has changed. */
void status_settle_tracing(struct supervisor *s);

#endif
