/* Which doorbell works on this host, and how bells are wired.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_DOORBELL_H
#define BH_DOORBELL_H

#include <stdbool.h>
#include <stdint.h>

/* Whether VMCALL (VMMCALL under SVM) in ring 0 of a guest reaches user space: tries it in a
 * throw-away VM. A guest that hangs over it is stopped after 0.2 s. */
bool doorbell_vmcall_works(int kvm_fd);

/* From now on `out %eax, $BH_PORT_BELL` with eax = `bell` in the guest adds one to the eventfd,
 * without an exit to user space. False: errno. */
bool doorbell_wire(int vm_fd, uint32_t bell, int event_fd);

#endif
