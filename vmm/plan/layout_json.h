/* The layout as JSON.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_PLAN_LAYOUT_JSON_H
#define BH_VMM_PLAN_LAYOUT_JSON_H

#include "vmm/plan/layout.h"

void layout_print_json(const struct appliance *a, const struct layout_line *lines, uint32_t n);

#endif
