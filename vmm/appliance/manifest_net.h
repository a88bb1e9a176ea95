/* The part of a manifest that describes the network device.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_APPLIANCE_MANIFEST_NET_H
#define BH_VMM_APPLIANCE_MANIFEST_NET_H

#include "vmm/appliance/appliance.h"
#include "vmm/appliance/manifest_fdt.h"

/* Reads node `net`, if there is one, into a->net. False: the reader's problem is filled. */
bool manifest_read_net(const struct reader *r, struct appliance *a);

#endif
