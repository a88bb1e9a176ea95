/* Hypercalls: what a guest may ask its VM's process to do (enum bh_hypercall).
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_VM_HYPERCALLS_H
#define BH_VMM_VM_HYPERCALLS_H

#include "vmm/vm/vm.h"

/* Operation and arguments as the guest's registers held them: any value. */
struct hypercall {
    uint32_t op;
    uint64_t args[4]; /* rdi, rsi, r8, r9 */
};

/* Executes a hypercall and returns what goes into rax. -ENOSYS: there is no such operation. -EFAULT: the guest may not
 * use an address. Does not return from BH_HC_EXIT and from fatal reports. */
uint64_t hypercall_do(struct vm *vm, const struct hypercall *h);

#endif
