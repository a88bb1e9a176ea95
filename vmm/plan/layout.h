/* Prints the layout of a placed appliance, for `bulkhead check` and `run -v`.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_PLAN_LAYOUT_H
#define BH_VMM_PLAN_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/appliance/appliance.h"
#include "vmm/base/problem.h"

/* Prints VMs, address map, shares, edges with their functions, image hashes and the sum of memory on stdout. `core` is
 * the path of the core's image. False: an image is missing or damaged. */
bool layout_print(const struct appliance *a, const char *core, bool json, struct problem *p);

/* Writes "16 MiB", "4 KiB" or "12 bytes" to `text`, which holds 24 bytes or more, and returns it. */
const char *size_words(uint64_t bytes, char *text);

#endif
