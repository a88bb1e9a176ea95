/* The part of a manifest that says which ports of the network belong to an edge.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_APPLIANCE_MANIFEST_PORTS_H
#define BH_VMM_APPLIANCE_MANIFEST_PORTS_H

#include "vmm/appliance/appliance.h"
#include "vmm/appliance/manifest_fdt.h"

/* Reads property `ports` of an edge, if there is one. False: the reader's problem is filled. */
bool manifest_read_ports(const struct reader *r, int node, struct edge *e);

#endif
