/* The part of a manifest that describes directories of the host.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_APPLIANCE_MANIFEST_MOUNTS_H
#define BH_VMM_APPLIANCE_MANIFEST_MOUNTS_H

#include "vmm/appliance/appliance.h"
#include "vmm/appliance/manifest_fdt.h"

/* Reads node `mounts`, if there is one, into a->mounts. False: the reader's problem is filled. */
bool manifest_read_mounts(const struct reader *r, struct appliance *a);

#endif
