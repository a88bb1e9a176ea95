/* Decides, at launch, which mechanism each compartment gets and which VM it runs in.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_PLAN_PLACEMENT_H
#define BH_VMM_PLAN_PLACEMENT_H

#include <stdbool.h>

#include "vmm/appliance/appliance.h"
#include "vmm/base/problem.h"

/* What the host offers to a placement. */
struct offer {
    bool keys_cpu;   /* protection keys in the processor, switched on by the host's kernel */
    bool keys_guest; /* KVM gives them to guests */
    uint64_t memory; /* bytes of RAM; 0: do not check */
};

/* Does some compartment name "mpk"? Otherwise the offer's keys_* do not matter. */
bool placement_wants_keys(const struct appliance *a);

/* Fills mechanism, vm and share of every compartment, and a->vms. Each compartment takes the first
 * mechanism it wants that the host can do: vm    a VM of its own; mpk, none  the VM of its `vm`
 * group, else that of the default compartment. The default compartment always founds a VM; VM 0 is its.
 * False: EXIT_HOST when the host lacks what a compartment insists on, EXIT_USAGE when the stacks of
 * a VM's threads do not fit, or protection keys do not suffice. */
bool place(struct appliance *a, const struct offer *offer, struct problem *p);

/* Bytes of all heaps and shares. */
uint64_t appliance_memory(const struct appliance *a);

const char *mechanism_name(enum mechanism mechanism);

#endif
