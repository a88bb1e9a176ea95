/* Which VMs share what: one answer for page tables, boot information and file descriptors.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The results depend on the placed appliance alone. Compartments, edges and VMs are given by their index. */
#ifndef BH_VMM_APPLIANCE_TOPOLOGY_H
#define BH_VMM_APPLIANCE_TOPOLOGY_H

#include "vmm/appliance/appliance.h"

bool vm_holds(const struct appliance *a, uint32_t v, uint32_t compartment);
/* Whether the statics and shadow stacks of `compartment` are mapped in VM v although it runs elsewhere. */
bool vm_sees_data(const struct appliance *a, uint32_t v, uint32_t compartment);
bool vm_has_share(const struct appliance *a, uint32_t v, uint32_t share);
bool vm_has_net(const struct appliance *a, uint32_t v);
bool vm_has_mount(const struct appliance *a, uint32_t v, uint32_t mount);
bool vm_has_edge(const struct appliance *a, uint32_t v, const struct edge *e); /* holds an end */
bool edge_crosses(const struct appliance *a, const struct edge *e);            /* between two VMs */
uint32_t edge_peer_vm(const struct appliance *a, uint32_t v, const struct edge *e);

/* Bytes of a compartment's stacks with their guard pages, and of an edge's region. */
uint64_t stacks_size(const struct appliance *a, uint32_t compartment);
uint64_t edge_size(const struct edge *e);

#endif
