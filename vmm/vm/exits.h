/* The run loop of a VM, and the ways in which it ends.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_VM_EXITS_H
#define BH_VMM_VM_EXITS_H

#include "vmm/vm/vm.h"

/* Runs the vCPU until the VM ends. Never returns. */
void vm_run(struct vm *vm) __attribute__((noreturn));

/* Writes what the console holds, and ends this process. */
void vm_end(struct vm *vm) __attribute__((noreturn));

/* Tells the supervisor what happened and ends this process. The caller sets `kind` and the fields that belong to it;
 * the others are filled in here. */
void vm_crash(struct vm *vm, struct crash *c) __attribute__((noreturn));

/* KVM's general registers in the form in which the trap shim pushes them. */
struct bh_trap trap_from_kvm(const struct kvm_regs *r);

#endif
