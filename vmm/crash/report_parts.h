/* The parts that reports of crashes and of refused calls have in common.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_CRASH_REPORT_PARTS_H
#define BH_VMM_CRASH_REPORT_PARTS_H

#include <stdio.h>

#include "vmm/appliance/appliance.h"

/* One line: "  LABEL     0x... symbol+0x1f (file:line)". */
void report_place(FILE *out, const char *label, const struct appliance *a, const char *core, uint64_t pc);

/* One line: "  LABEL     0x...: what the address belongs to". */
void report_address(FILE *out, const char *label, const struct appliance *a, const char *core, uint64_t va);

/* Copies a string that a guest wrote: bytes that are not printable ASCII become '?'. */
void report_clean(char *to, size_t size, const char *from, size_t from_size);

#endif
