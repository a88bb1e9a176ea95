/* Registers of the thread that runs, as a debugger reads and writes them, and KVM's own breakpoints.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_VM_DEBUG_REGISTERS_H
#define BH_VMM_VM_DEBUG_REGISTERS_H

#include "vmm/vm/debuggee.h"

void registers_get(struct vm *vm, struct debug_registers *r);
bool registers_set(struct vm *vm, const struct debug_registers *r);
uint64_t register_rip(const struct vm *vm), register_rsp(const struct vm *vm), register_rbp(const struct vm *vm);
void register_set_rip(struct vm *vm, uint64_t rip);

/* Sets or clears TF, which makes the next instruction raise a debug exception. */
void register_set_trap(struct vm *vm, bool on);

/* Makes these `n` breakpoints and watchpoints the only ones that KVM has. False: it cannot. */
bool hardware_set(struct vm *vm, const struct debug_hardware *list, uint64_t n);

/* Whether KVM_EXIT_DEBUG came from one of them. *address: what a watchpoint watches, or 0 if it was a breakpoint. */
bool hardware_hit(const struct vm *vm, uint64_t *address);

#endif
