/* The address map of a placed appliance: which range holds what, and which VMs see it.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_PLAN_ADDRESS_MAP_H
#define BH_VMM_PLAN_ADDRESS_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/appliance/appliance.h"
#include "vmm/base/problem.h"

#define ADDRESS_LINES_MAX 2048u

/* One range of the address map, and the VMs that have it mapped. */
struct address_line {
    uint64_t va, size; /* bytes */
    uint64_t vms;      /* bit v: mapped in VM v */
    char access[4];    /* "rw-", as ring 3 sees it; "---": ring 0 only */
    char what[80];
};

/* Fills lines[0 .. ADDRESS_LINES_MAX-1] in order of address; reads the program headers of the images
 * and of the core's (path `core`). False: an image is missing or damaged. */
bool address_map(const struct appliance *a, const char *core, struct address_line *lines, uint32_t *n,
                 struct problem *p);

#endif
