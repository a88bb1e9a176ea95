/* Fills in the crossings between protection keys (guest/kernel/mpk/trampolines.S) for one VM.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_MPK_TRAMPOLINES_H
#define BH_VMM_MPK_TRAMPOLINES_H

#include "vmm/mpk/keys.h"
#include "vmm/resources/resources.h"

/* Plans the pages of rpc/mpk.h and gives every region of the VM its key: so this comes last. */
bool trampolines_plan(const struct resources *w, const struct keys *k, struct guest_memory *m, struct problem *p);

/* Mapped and with images and gate tables loaded: writes trampolines, dispatch tables and what the
 * core needs, and points the gate tables of the VM's compartments at the trampolines. */
bool trampolines_write(const struct resources *w, const struct keys *k, struct guest_memory *m, struct problem *p);

/* Whether a guest address lies in the trampolines. */
static inline bool trampolines_hold(struct guest_va at)
{
    return at.va >= BH_MPK_CODE_VA && at.va < BH_MPK_CODE_VA + BH_MPK_CODE_MAX;
}

#endif
