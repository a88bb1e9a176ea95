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

/* Whether a compartment names "mpk". Otherwise the offer's keys_* do not matter. */
bool placement_wants_keys(const struct appliance *a);

/* Fills mechanism, vm and share of every compartment, and a->vms. Each compartment takes the first of the mechanisms it
 * wants that the host can do. With "vm" it gets a VM of its own; with "mpk" and "none" it runs in the VM of its `vm`
 * group, or else in that of the default compartment. The default compartment always has VM 0.
 * False: EXIT_HOST when the host lacks what a compartment insists on; EXIT_USAGE when the stacks of a VM's threads do
 * not fit, or there are too few protection keys. */
bool place(struct appliance *a, const struct offer *offer, struct problem *p);

/* Bytes of all heaps and shares. */
uint64_t appliance_memory(const struct appliance *a);

#endif
