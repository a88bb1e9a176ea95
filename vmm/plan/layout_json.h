/* The layout of a placed appliance as JSON, for programs.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_PLAN_LAYOUT_JSON_H
#define BH_VMM_PLAN_LAYOUT_JSON_H

#include "vmm/plan/address_map.h"

/* Prints all of it on stdout. */
void layout_print_json(const struct appliance *a, const struct address_line *lines, uint32_t n);

#endif
