/* The part of a crash report that is about protection keys.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_CRASH_REPORT_KEYS_H
#define BH_VMM_CRASH_REPORT_KEYS_H

#include <stdio.h>

#include "vmm/appliance/appliance.h"
#include "vmm/vm/crash.h"

/* Key of the address, PKRU by names, gate calls from the innermost outwards. Nothing for a VM
 * without keys. */
void report_keys(FILE *out, const struct appliance *a, const struct crash *c);

#endif
