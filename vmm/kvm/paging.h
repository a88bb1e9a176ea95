/* The guest's page tables (Intel SDM vol. 3A, 4.5 "4-level paging"; AMD APM vol. 2, 5.3).
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Built once, before the guest starts. The tables themselves are mapped at no guest virtual
 * address, so not even ring 0 can write them. */
#ifndef BH_VMM_KVM_PAGING_H
#define BH_VMM_KVM_PAGING_H

#include "vmm/kvm/regions.h"

/* Bytes of page tables that are enough for all of m's regions, wherever in guest-physical space
 * they go. */
uint64_t paging_bound(const struct guest_memory *m);

/* Writes the tables at guest-physical 0 (that is CR3). `m` is mapped. False: they do not fit. */
bool paging_build(struct guest_memory *m, struct problem *p);

/* Walks the tables as the CPU would: guest-physical address of `at` for an access that needs
 * `perms`, or UINT64_MAX when it would fault. For tests. */
uint64_t paging_walk(const struct guest_memory *m, struct guest_va at, uint32_t perms);

#endif
