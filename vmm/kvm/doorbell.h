/* Doorbells: how a guest notifies the VMM or another VM.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_KVM_DOORBELL_H
#define BH_VMM_KVM_DOORBELL_H

#include <stdbool.h>
#include <stdint.h>

/* Whether VMCALL (VMMCALL with AMD-V) in ring 0 of a guest reaches user space. It is tried in a throw-away VM, which is
 * stopped after 0.2 s if it hangs. */
bool doorbell_vmcall_works(int kvm_fd);

/* Makes KVM add one to the eventfd whenever the guest executes `out` with this value, of `bytes` bytes, to this port.
 * No exit to user space is needed then. False: errno. */
bool doorbell_wire(int vm_fd, uint16_t port, uint32_t bytes, uint32_t value, int event_fd);

#endif
