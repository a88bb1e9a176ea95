/* Prints the layout of a placed appliance, for `bulkhead check` and `run -v`.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_PLAN_LAYOUT_H
#define BH_VMM_PLAN_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/appliance/appliance.h"
#include "vmm/base/problem.h"

#define LAYOUT_LINES_MAX 2048u

/* One range of the address map, and the VMs that have it mapped. */
struct layout_line {
    uint64_t va, size; /* bytes */
    uint64_t vms;      /* bit v: mapped in VM v */
    char access[4];    /* "rw-", as ring 3 sees it; "---": ring 0 only */
    char what[80];
};

/* Fills lines[0 .. LAYOUT_LINES_MAX-1] in order of address; reads the program headers of the images
 * and of the core's (path `core`). False: an image is missing or damaged. */
bool layout_map(const struct appliance *a, const char *core, struct layout_line *lines, uint32_t *n, struct problem *p);

/* VMs, address map, shares, edges with their functions, image hashes, memory in all; on stdout. */
bool layout_print(const struct appliance *a, const char *core, bool json, struct problem *p);

/* "16 MiB", "4 KiB", "12 bytes". `text` holds 24 bytes or more; returned. */
const char *size_words(uint64_t bytes, char *text);

#endif
