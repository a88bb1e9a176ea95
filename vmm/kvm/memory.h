/* Maps a VM's planned regions into this process, where KVM takes them from.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The order at a VM's start is memory_add() for every region (vmm/kvm/regions.h), memory_map(), then filling the
 * memory, then memory_protect(). */
#ifndef BH_VMM_KVM_MEMORY_H
#define BH_VMM_KVM_MEMORY_H

#include "vmm/kvm/regions.h"

/* Gives every region its guest-physical place and maps all of it, writable where the host still has to fill it. False:
 * there is not enough memory, or a file cannot be mapped. */
bool memory_map(struct guest_memory *m, struct problem *p);

/* Takes the host's own write permission off everything that the guest may only read. Call it once, after the memory
 * was filled. */
bool memory_protect(struct guest_memory *m, struct problem *p);

/* Unmaps the memory and forgets the regions: for throw-away VMs and tests. */
void memory_release(struct guest_memory *m);

#endif
