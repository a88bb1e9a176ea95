/* Derives from placement and edges which VM maps what.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/appliance/topology.h"

#include "rpc/gate.h"
#include "vmm/kvm/regions.h"

bool vm_holds(const struct appliance *a, uint32_t v, uint32_t compartment)
{
    return a->compartments[compartment].vm == v;
}

bool vm_has_share(const struct appliance *a, uint32_t v, uint32_t share)
{
    return (a->shares[share].members & a->vms[v].compartments) != 0;
}

bool vm_sees_data(const struct appliance *a, uint32_t v, uint32_t compartment)
{
    uint32_t share = a->compartments[compartment].share;
    return share != BH_NO_SHARE && !vm_holds(a, v, compartment) && vm_has_share(a, v, share);
}

bool vm_has_net(const struct appliance *a, uint32_t v)
{
    return a->has_net && vm_holds(a, v, a->net.compartment);
}

bool vm_has_mount(const struct appliance *a, uint32_t v, uint32_t mount)
{
    return vm_holds(a, v, a->mounts[mount].compartment);
}

bool edge_crosses(const struct appliance *a, const struct edge *e)
{
    return a->compartments[e->from].vm != a->compartments[e->to].vm;
}

bool vm_has_edge(const struct appliance *a, uint32_t v, const struct edge *e)
{
    return vm_holds(a, v, e->from) || vm_holds(a, v, e->to);
}

uint32_t edge_peer_vm(const struct appliance *a, uint32_t v, const struct edge *e)
{
    return a->compartments[vm_holds(a, v, e->from) ? e->to : e->from].vm;
}

uint64_t stacks_size(const struct appliance *a, uint32_t compartment)
{
    const struct compartment *c = &a->compartments[compartment];
    return a->vms[c->vm].n_threads * (c->stack + BH_PAGE_SIZE);
}

uint64_t edge_size(const struct edge *e)
{
    return BH_EDGE_ARENA_OFF + page_up(e->arena);
}
