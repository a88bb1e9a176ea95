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

/* The same to any stream. */
void report_write(FILE *out, const struct appliance *a, const char *core, const struct crash *c);

#endif
