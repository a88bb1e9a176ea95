/* Addresses in a guest's virtual address space.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The VMM must never dereference a number that came from a guest. A guest address is therefore a structure, which the
 * compiler does not let anyone use as a pointer; memory_at() and memory_read() (vmm/kvm/regions.h) are the only ways
 * from it to bytes, and they check it. */
#ifndef BH_VMM_KVM_GUEST_VA_H
#define BH_VMM_KVM_GUEST_VA_H

#include <stdint.h>

struct guest_va {
    uint64_t va;
};

static inline struct guest_va guest_va(uint64_t va)
{
    return (struct guest_va){va};
}

/* The address `bytes` further on. */
static inline struct guest_va guest_va_plus(struct guest_va at, uint64_t bytes)
{
    return (struct guest_va){at.va + bytes};
}

#endif
