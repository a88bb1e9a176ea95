/* The guest's page tables (Intel SDM vol. 3A, 4.5 "4-level paging"; AMD APM vol. 2, 5.3).
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * They are built once, before the guest starts, and are mapped at no guest virtual address: not even ring 0 can write
 * them. */
#ifndef BH_VMM_KVM_PAGING_H
#define BH_VMM_KVM_PAGING_H

#include "vmm/kvm/regions.h"

/* A size of page tables, in bytes, that is enough for all of m's regions wherever they lie in guest-physical space. */
uint64_t paging_bound(const struct guest_memory *m);

/* Writes the tables at guest-physical address 0, which is CR3, once `m` is mapped. False: they do not fit. */
bool paging_build(struct guest_memory *m, struct problem *p);

/* Walks the tables as the CPU does. Returns the guest-physical address of `at` for an access that needs `perms`, or
 * UINT64_MAX if the access would fault. */
uint64_t paging_walk(const struct guest_memory *m, struct guest_va at, uint32_t perms);

#endif
