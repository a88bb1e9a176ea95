/* What a guest may ask of its VM's process: enum bh_hypercall, rpc/abi.h.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_VM_HYPERCALLS_H
#define BH_VMM_VM_HYPERCALLS_H

#include "vmm/vm/vm.h"

/* Arguments as the registers held them: any value. */
struct hypercall {
    uint32_t op;
    uint64_t args[4]; /* rdi, rsi, r8, r9 */
};

/* Does it; returns what goes into rax. -ENOSYS: no such operation. -EFAULT: an address the guest
 * has no right to. Does not return from BH_HC_EXIT and fatal reports. */
uint64_t hypercall_do(struct vm *vm, const struct hypercall *h);

#endif
