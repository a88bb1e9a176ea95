/* What a VM can see of memory, and what is in it at the start.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_VM_VM_MEMORY_H
#define BH_VMM_VM_VM_MEMORY_H

#include "vmm/vm/vm.h"

/* Plans every region of the VM. This is the one place that decides what a VM can see. */
bool vm_plan_memory(struct vm *vm, uint64_t bootinfo_size, struct problem *p);

/* Fills mapped memory with images and gate tables, but not with the boot information. */
bool vm_load(struct vm *vm, struct problem *p);

#endif
