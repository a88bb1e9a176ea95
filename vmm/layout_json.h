/* The layout as JSON.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_LAYOUT_JSON_H
#define BH_LAYOUT_JSON_H

#include "vmm/layout.h"

void layout_print_json(const struct appliance *a, const struct layout_line *lines, uint32_t n);

#endif
