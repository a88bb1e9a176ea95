/* An appliance with its placement as a block of bytes: for commands that look at one that runs, or that ran once.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The block holds the manifest itself, so that names, edges and images can be looked up wherever it goes. It comes from
 * a process or a file of the same user, and is checked as a manifest is. */
#ifndef BH_VMM_APPLIANCE_DESCRIPTION_H
#define BH_VMM_APPLIANCE_DESCRIPTION_H

#include <limits.h>
#include <stddef.h>

#include "vmm/appliance/appliance.h"
#include "vmm/base/problem.h"

#define DESCRIPTION_MAGIC   0x746f687370616e73ull /* "snapshot" */
#define DESCRIPTION_VERSION 1u

struct description {
    uint64_t magic;
    uint32_t version, abi;  /* DESCRIPTION_VERSION, BH_ABI_VERSION */
    uint64_t start_ns;      /* CLOCK_MONOTONIC when it was started */
    uint64_t manifest_size; /* bytes that follow this structure */
    uint32_t pid[BH_VMS_MAX];
    uint8_t vm[BH_COMPARTMENTS_MAX], mechanism[BH_COMPARTMENTS_MAX], share[BH_COMPARTMENTS_MAX];
    char manifest[PATH_MAX]; /* path of it */
    char core[PATH_MAX];     /* path of the core's image */
};

/* Makes an appliance of `bytes`, which are aligned to 8 and must outlive it. False: `p`; `name` appears in it. */
bool description_load(const void *bytes, size_t size, const char *name, struct appliance *a, struct problem *p);

#endif
