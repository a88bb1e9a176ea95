/* Chooses mechanisms and plans the VMs.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/plan/placement.h"

#include <inttypes.h>
#include <string.h>

#include "vmm/appliance/mechanism.h"
#include "vmm/mpk/keys.h"

bool placement_wants_keys(const struct appliance *a)
{
    for (uint32_t i = 0; i < a->n_compartments; i++) {
        const struct compartment *c = &a->compartments[i];
        for (uint32_t j = 0; j < c->n_wanted; j++)
            if (c->wanted[j] == MECH_MPK)
                return true;
    }
    return false;
}

uint64_t appliance_memory(const struct appliance *a)
{
    uint64_t sum = 0; /* at most 128 windows of 64 GiB: no overflow */
    for (uint32_t i = 0; i < a->n_compartments; i++)
        sum += a->compartments[i].memory;
    for (uint32_t i = 0; i < a->n_shares; i++)
        sum += a->shares[i].size;
    return sum;
}

/* A compartment that accepts nothing but mpk, which this host cannot do. */
static bool no_keys(const struct compartment *c, const struct offer *offer, struct problem *p)
{
    const char *why =
        "mpk needs the CPU feature PKU (protection keys), which this host's KVM keeps "
        "from guests";
    if (!offer->keys_cpu) {
        why =
            "mpk needs the CPU feature PKU (protection keys), which this processor or its kernel "
            "lacks";
    }
    return problem_set(p, EXIT_HOST, "compartment \"%s\": %s: write mechanism = [\"mpk\", \"vm\"] to have a VM instead",
                       c->name, why);
}

static bool choose_mechanism(struct compartment *c, const struct offer *offer, struct problem *p)
{
    for (uint32_t i = 0; i < c->n_wanted; i++) {
        if (c->wanted[i] != MECH_MPK || (offer->keys_cpu && offer->keys_guest)) {
            c->mechanism = c->wanted[i];
            return true;
        }
    }
    return no_keys(c, offer, p);
}

static uint32_t new_vm(struct appliance *a)
{
    a->vms[a->n_vms] = (struct vm_plan){.index = a->n_vms};
    return a->n_vms++;
}

#define NO_VM UINT32_MAX

static void place_compartment(struct appliance *a, uint32_t i);

static bool makes_vm(const struct compartment *c)
{
    return c->is_default || c->mechanism == MECH_VM;
}

/* The VM of that name: a compartment's that makes one, or the one that an earlier compartment of the group has. */
static uint32_t named_vm(struct appliance *a, const char *name)
{
    for (uint32_t j = 0; j < a->n_compartments; j++) {
        struct compartment *c = &a->compartments[j];
        if (makes_vm(c) && strcmp(c->name, name) == 0) {
            place_compartment(a, j);
            return c->vm;
        }
    }
    for (uint32_t j = 0; j < a->n_compartments; j++) {
        const struct compartment *c = &a->compartments[j];
        if (!makes_vm(c) && c->vm != NO_VM && c->vm_group && strcmp(c->vm_group, name) == 0)
            return c->vm;
    }
    return new_vm(a);
}

/* The default compartment comes first. */
static uint32_t choose_vm(struct appliance *a, const struct compartment *c)
{
    if (makes_vm(c))
        return new_vm(a);
    return c->vm_group ? named_vm(a, c->vm_group) : a->compartments[a->default_compartment].vm;
}

/* Unless it has been put somewhere. */
static void place_compartment(struct appliance *a, uint32_t i)
{
    struct compartment *c = &a->compartments[i];
    if (c->vm != NO_VM)
        return;
    c->vm = choose_vm(a, c);
    struct vm_plan *vm = &a->vms[c->vm];
    vm->compartments |= 1ull << i;
    vm->n_threads = c->threads > vm->n_threads ? c->threads : vm->n_threads;
}

/* Every thread of a VM has a stack in each of its compartments, so that it can be called there. */
static bool stacks_fit(const struct appliance *a, const struct compartment *c, struct problem *p)
{
    uint32_t n = a->vms[c->vm].n_threads;
    if (n * (c->stack + BH_PAGE_SIZE) <= BH_STACKS_MAX)
        return true;
    return problem_set(p, EXIT_USAGE,
                       "%s: compartment \"%s\": %" PRIu32 " stacks of %" PRIu64
                       " KiB (the threads of "
                       "its VM) do not fit 1 GiB: lower compartments.%s.stack, or the threads of the VM",
                       a->toml, c->name, n, c->stack >> 10, c->name);
}

static uint32_t default_share(const struct appliance *a, uint32_t i)
{
    for (uint32_t s = 0; s < a->n_shares; s++)
        if (a->shares[s].members >> i & 1)
            return s;
    return BH_NO_SHARE;
}

bool place(struct appliance *a, const struct offer *offer, struct problem *p)
{
    uint64_t memory = appliance_memory(a);
    if (offer->memory && memory > offer->memory) {
        return problem_set(p, EXIT_HOST,
                           "%s: heaps and shares add up to %" PRIu64 " MiB, this host has %" PRIu64
                           " MiB: lower `memory` of compartments or `size` of shares",
                           a->toml, memory >> 20, offer->memory >> 20);
    }
    a->n_vms = 0;
    for (uint32_t i = 0; i < a->n_compartments; i++) {
        if (!choose_mechanism(&a->compartments[i], offer, p))
            return false;
        a->compartments[i].share = default_share(a, i);
        a->compartments[i].vm = NO_VM;
    }
    place_compartment(a, a->default_compartment);
    for (uint32_t i = 0; i < a->n_compartments; i++)
        place_compartment(a, i);
    for (uint32_t i = 0; i < a->n_compartments; i++)
        if (!stacks_fit(a, &a->compartments[i], p))
            return false;
    for (uint32_t v = 0; v < a->n_vms; v++) {
        struct keys keys;
        if (keys_needed(a, v) && !keys_plan(&keys, a, v, p))
            return false;
    }
    return true;
}
