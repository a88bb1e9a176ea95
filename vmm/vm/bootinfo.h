/* Builds what a VM's core is told about its VM: struct bh_bootinfo.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_VM_BOOTINFO_H
#define BH_VMM_VM_BOOTINFO_H

#include "vmm/resources/resources.h"

/* Builds the boot information of VM v except for tsc_khz and the wall clock; it has *size bytes, and the caller frees
 * it. NULL: `p`, for example because the arguments are too long. */
struct bh_bootinfo *bootinfo_make(const struct resources *w, uint32_t v, uint32_t *size, struct problem *p);

#endif
