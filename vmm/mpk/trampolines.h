/* Places the crossings between protection keys (vmm/mpk/crossings.h) in a VM.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_MPK_TRAMPOLINES_H
#define BH_VMM_MPK_TRAMPOLINES_H

#include "vmm/mpk/keys.h"
#include "vmm/resources/resources.h"

/* Plans the pages of rpc/mpk.h and gives every region of the VM its key. It has to be called after all others. */
bool trampolines_plan(const struct resources *w, const struct keys *k, struct guest_memory *m, struct problem *p);

/* Writes trampolines, dispatch tables and what the core needs, and points the gate tables of the VM's compartments at
 * the trampolines. Memory is mapped, and images and gate tables are loaded. */
bool trampolines_write(const struct resources *w, const struct keys *k, struct guest_memory *m, struct problem *p);

/* Whether a guest address lies in the trampolines. */
static inline bool trampolines_hold(struct guest_va at)
{
    return at.va >= BH_MPK_CODE_VA && at.va < BH_MPK_CODE_VA + BH_MPK_CODE_MAX;
}

#endif
