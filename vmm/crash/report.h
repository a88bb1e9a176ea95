/* Crash reports and refused gate calls, in words.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_CRASH_REPORT_H
#define BH_VMM_CRASH_REPORT_H

#include <stdio.h>

#include "vmm/appliance/appliance.h"
#include "vmm/vm/crash.h"

/* Writes the report to stderr at once, so that the lines of two reports never mix. `a` is placed, `c` came through
 * message_receive(); `core`: path of the core's image, for its symbols. Reads the images' symbols and line tables here
 * and at no other time. Does not fail: what is unknown is left out. */
void report_crash(const struct appliance *a, const char *core, const struct crash *c);

/* Its first line, which says what happened to whom. Takes no symbols, and so no time. */
void report_head(FILE *out, const struct appliance *a, const struct crash *c);

/* The lines that follow it, without stacks and calls (vmm/crash/postmortem.h). */
void report_details(FILE *out, const struct appliance *a, const char *core, const struct crash *c);

#endif
