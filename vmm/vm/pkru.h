/* What a VM with protection keys was doing when it left the guest.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_VM_PKRU_H
#define BH_VMM_VM_PKRU_H

#include "vmm/vm/vm.h"

/* The vCPU's PKRU. UINT32_MAX, which no code of a VM ever has, when KVM does not tell. */
uint32_t pkru_read(const struct vcpu *c);

/* Whether the instruction at rip that makes a hypercall is the core's: only with its PKRU, which
 * compartments cannot have, and in its text. Always, in a VM without keys. */
bool pkru_is_core(const struct vm *vm, uint64_t rip);

/* Adds PKRU and the chain of gate calls to a crash of a VM with keys, and settles its compartment. */
void pkru_explain(const struct vm *vm, struct crash *c);

#endif
