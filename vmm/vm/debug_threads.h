/* The guest's threads, as its core's memory shows them. The guest can make that memory say anything.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_VM_DEBUG_THREADS_H
#define BH_VMM_VM_DEBUG_THREADS_H

#include "vmm/vm/debuggee.h"

/* What switch_stacks() leaves on the stack of a thread that does not run, guest/kernel/core/switch.S. */
struct switched_thread {
    uint32_t mxcsr, x87;
    uint64_t r15, r14, r13, r12, rbx, rbp, rip;
};

/* The number of the thread that runs. */
uint32_t thread_running(const struct vm *vm);

/* Fills the list and returns how many threads there are, at least one. */
uint32_t threads_list(struct vm *vm, struct debug_thread list[DEBUG_THREADS_MAX]);

/* Registers of a thread that does not run. False: there is no such thread. */
bool thread_registers(struct vm *vm, uint32_t id, struct debug_registers *r);

#endif
