/* Guest memory as a debugger reads and writes it, and breakpoints in it.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_VM_DEBUG_MEMORY_H
#define BH_VMM_VM_DEBUG_MEMORY_H

#include "vmm/vm/debuggee.h"

/* Copies what can be read from `at` on, without the breakpoints in it. Returns how many bytes that is. */
uint64_t debug_read(struct vm *vm, void *to, struct guest_va at, uint64_t size);

/* Writes all of it or nothing, also where the guest may only read. Breakpoints in the range stay. */
bool debug_write(struct vm *vm, struct guest_va at, const void *from, uint64_t size);

/* The breakpoint there, or NULL. */
struct breakpoint *breakpoint_at(struct vm *vm, struct guest_va at);

/* Set and clear a breakpoint. `users`: for the debugger, else for ourselves; it stays until neither wants it. */
bool breakpoint_insert(struct vm *vm, struct guest_va at, bool users);
bool breakpoint_remove(struct vm *vm, struct guest_va at, bool users);
void breakpoints_clear(struct vm *vm);

/* Puts the int3 instruction of a breakpoint into memory, or takes it out. */
void breakpoint_show(struct vm *vm, const struct breakpoint *b, bool shown);

#endif
