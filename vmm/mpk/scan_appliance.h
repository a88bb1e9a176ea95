/* Refuses an appliance whose code could change protection keys.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_MPK_SCAN_APPLIANCE_H
#define BH_VMM_MPK_SCAN_APPLIANCE_H

#include "vmm/appliance/appliance.h"
#include "vmm/base/problem.h"

/* Scans the images of every VM that has protection keys. False: EXIT_USAGE, and `p` names image, section, symbol and
 * address. */
bool scan_appliance(const struct appliance *a, const char *core, struct problem *p);

#endif
