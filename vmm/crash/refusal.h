/* Reports about gate calls that did not happen.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_CRASH_REFUSAL_H
#define BH_VMM_CRASH_REFUSAL_H

#include <stdio.h>

#include "rpc/report.h"
#include "vmm/appliance/appliance.h"

/* One line that names function, argument and both compartments. */
void refusal_head(FILE *out, const struct appliance *a, const struct bh_report *r);
/* The lines that follow: the argument, the caller's line, and what to do. */
void refusal_details(FILE *out, const struct appliance *a, const char *core, const struct bh_report *r);

#endif
