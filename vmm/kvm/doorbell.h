/* Which doorbell works on this host, and how bells are wired.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_KVM_DOORBELL_H
#define BH_VMM_KVM_DOORBELL_H

#include <stdbool.h>
#include <stdint.h>

/* Whether VMCALL (VMMCALL under SVM) in ring 0 of a guest reaches user space: tries it in a
 * throw-away VM. A guest that hangs over it is stopped after 0.2 s. */
bool doorbell_vmcall_works(int kvm_fd);

/* From now on an `out` of `bytes` bytes with this value to this port in the guest adds one to the eventfd, without an
 * exit to user space. False: errno. */
bool doorbell_wire(int vm_fd, uint16_t port, uint32_t bytes, uint32_t value, int event_fd);

#endif
