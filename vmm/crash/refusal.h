/* Reports about gate calls that did not happen.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_CRASH_REFUSAL_H
#define BH_VMM_CRASH_REFUSAL_H

#include <stdio.h>

#include "rpc/report.h"
#include "vmm/appliance/appliance.h"

/* Names function, argument, both compartments, the caller's line, and what to do. */
void refusal_write(FILE *out, const struct appliance *a, const char *core, const struct bh_report *r);

#endif
