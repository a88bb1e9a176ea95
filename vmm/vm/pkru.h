/* Tells what a VM with protection keys was doing when it left the guest.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_VM_PKRU_H
#define BH_VMM_VM_PKRU_H

#include "vmm/vm/vm.h"

/* The vCPU's PKRU. UINT32_MAX, which no code of a VM ever has: KVM does not tell it. */
uint32_t pkru_read(const struct vcpu *c);

/* Whether the instruction at rip, which makes a hypercall, is the core's: it lies in the core's text, and PKRU has the
 * core's value, which compartments cannot have. Always true in a VM without keys. */
bool pkru_is_core(const struct vm *vm, uint64_t rip);

/* Adds PKRU and the chain of gate calls to a crash of a VM with keys, and corrects its compartment by them. */
void pkru_explain(const struct vm *vm, struct crash *c);

#endif
