/* The stack of a guest's thread.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_CRASH_POSTMORTEM_UNWIND_H
#define BH_VMM_CRASH_POSTMORTEM_UNWIND_H

#include "vmm/crash/postmortem.h"

struct frames {
    uint64_t pc[48];
    bool call[48]; /* pc is a return address */
    uint32_t n;
};

/* Unwinds a thread of VM v that has these registers (elf_gregset_t's order). */
void postmortem_unwind(const struct postmortem *p, uint32_t v, const unsigned long long *registers, struct frames *f);

#endif
