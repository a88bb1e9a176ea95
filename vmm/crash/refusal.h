/* Reports about gate calls that did not happen; the parts of a report that they share with crashes.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_CRASH_REFUSAL_H
#define BH_VMM_CRASH_REFUSAL_H

#include <stdio.h>

#include "vmm/appliance/appliance.h"

/* Names function, argument, both compartments, the caller's line, and what to do. */
void refusal_write(FILE *out, const struct appliance *a, const char *core, const struct bh_report *r);

/* One line: "  LABEL     0x... symbol+0x1f (file:line)". */
void report_place(FILE *out, const char *label, const struct appliance *a, const char *core, uint64_t pc);
/* One line: "  LABEL     0x...: whose it is". */
void report_address(FILE *out, const char *label, const struct appliance *a, const char *core, uint64_t va);

#endif
