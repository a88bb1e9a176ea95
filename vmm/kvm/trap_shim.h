/* The trap shim: the few instructions that run in ring 0 of a guest, guest/kernel/trap_shim/trap_shim.S.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The shim is linked into this program as bytes and copied to its page in every guest. Exceptions enter it there, and
 * on hosts whose doorbell is VMCALL hypercalls do, too; it passes both on to the VMM. */
#ifndef BH_VMM_KVM_TRAP_SHIM_H
#define BH_VMM_KVM_TRAP_SHIM_H

#include <stdint.h>

#include "rpc/map.h"

#define SHIM_VA     BH_KERNEL_BASE
#define SHIM_STRIDE 16u /* bytes per entry of bh_shim_vectors */

/* Labels of the assembly source: all of the shim, its entries for exceptions, and those for hypercalls. */
extern const uint8_t bh_shim_start[], bh_shim_end[];
extern const uint8_t bh_shim_vectors[], bh_shim_vmcall[], bh_shim_vmmcall[], bh_shim_thread[];

/* Where the guest has the instruction at a label. */
static inline uint64_t trap_shim_va(const uint8_t *label)
{
    return SHIM_VA + (uint64_t)(label - bh_shim_start);
}

#endif
