/* Assigns protection keys: one for each set of domains that share something.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/mpk/keys.h"

#include <stdio.h>
#include <string.h>

#include "rpc/gate.h"
#include "vmm/appliance/topology.h"
#include "vmm/kvm/regions.h"

bool keys_needed(const struct appliance *a, uint32_t v)
{
    uint32_t own = 0, rest = 0;
    for (uint32_t i = 0; i < a->n_compartments; i++) {
        if (vm_holds(a, v, i)) {
            own += a->compartments[i].mechanism == MECH_MPK;
            rest |= a->compartments[i].mechanism != MECH_MPK;
        }
    }
    return own + rest > 1;
}

bool edge_keyed(const struct appliance *a, const struct edge *e)
{
    return !edge_crosses(a, e) &&
           (a->compartments[e->from].mechanism == MECH_MPK || a->compartments[e->to].mechanism == MECH_MPK);
}

/* Whether a compartment is the only one of its domain. */
static bool is_alone(const struct appliance *a, uint32_t i)
{
    const struct compartment *c = &a->compartments[i];
    for (uint32_t j = 0; j < a->n_compartments && c->mechanism != MECH_MPK; j++) {
        const struct compartment *other = &a->compartments[j];
        if (j != i && other->vm == c->vm && other->mechanism != MECH_MPK)
            return false;
    }
    return true;
}

bool edge_light(const struct appliance *a, const struct edge *e)
{
    if (!e->light || !edge_keyed(a, e))
        return false;
    for (uint32_t i = 0; i < a->n_edges; i++) {
        const struct edge *other = &a->edges[i];
        if (other != e && edge_keyed(a, other) && (other->to == e->from || other->to == e->to))
            return false;
    }
    return is_alone(a, e->from) && is_alone(a, e->to);
}

static void find_domains(struct keys *k)
{
    const struct appliance *a = k->a;
    uint64_t rest = 0;
    for (uint32_t i = 0; i < a->n_compartments; i++)
        if (vm_holds(a, k->vm, i) && a->compartments[i].mechanism != MECH_MPK)
            rest |= 1ull << i;
    if (rest)
        k->members[k->n_domains++] = rest;
    for (uint32_t i = 0; i < a->n_compartments; i++) {
        if (!vm_holds(a, k->vm, i) || (rest >> i & 1))
            continue;
        if (k->n_domains < BH_DOMAINS_MAX) {
            k->members[k->n_domains] = 1ull << i;
            k->domain[i] = (uint8_t)k->n_domains;
        }
        k->n_domains++;
    }
}

/* The domains of those of `compartments` that are in this VM. */
static uint32_t domains_of(const struct keys *k, uint64_t compartments)
{
    uint32_t set = 0;
    for (uint32_t d = 0; d < k->n_domains; d++)
        set |= k->members[d] & compartments ? 1u << d : 0;
    return set;
}

static uint64_t stack_guests(const struct keys *k, uint32_t compartment)
{
    uint64_t mask = 0;
    for (uint32_t i = 0; i < k->a->n_edges; i++) {
        const struct edge *e = &k->a->edges[i];
        if (e->from == compartment && edge_light(k->a, e))
            mask |= 1ull << e->to;
    }
    return mask;
}

static uint32_t stacks_set(const struct keys *k, uint32_t i)
{
    return domains_of(k, stack_guests(k, i) | 1ull << i);
}

/* Statics and shadow stacks of compartment i, which may be one of another VM. */
static uint32_t data_set(const struct keys *k, uint32_t i, bool stacks)
{
    uint32_t share = k->a->compartments[i].share;
    uint64_t mask = share == BH_NO_SHARE ? 0 : k->a->shares[share].members;
    return domains_of(k, mask | 1ull << i | (stacks ? stack_guests(k, i) : 0));
}

static uint32_t edge_set(const struct keys *k, const struct edge *e)
{
    return domains_of(k, 1ull << e->from | 1ull << e->to);
}

/* The domains that may use the part of compartment i's window at `offset`. */
static uint32_t window_set(const struct keys *k, uint32_t i, uint64_t offset)
{
    if (offset >= BH_HEAP_OFF || offset < BH_SHARED_OFF)
        return domains_of(k, 1ull << i);
    if (offset >= BH_STACKS_OFF && offset < BH_STACKS_OFF + BH_SHADOW_DELTA)
        return stacks_set(k, i);
    return data_set(k, i, offset >= BH_STACKS_OFF);
}

static uint32_t key_of_set(const struct keys *k, uint32_t set)
{
    for (uint32_t key = BH_KEY_CORE + 1; key < k->n_keys && key < BH_KEYS; key++)
        if (k->set[key] == set)
            return key;
    return KEY_NONE;
}

static void want_key(struct keys *k, uint32_t set)
{
    if (set && key_of_set(k, set) == KEY_NONE) {
        if (k->n_keys < BH_KEYS)
            k->set[k->n_keys] = set;
        k->n_keys++;
    }
}

bool keys_plan(struct keys *k, const struct appliance *a, uint32_t v, struct problem *p)
{
    *k = (struct keys){.a = a, .vm = v, .n_keys = BH_KEY_CORE + 1};
    find_domains(k);
    if (k->n_domains > BH_DOMAINS_MAX) {
        return problem_set(p, EXIT_USAGE,
                           "%s: VM %u has %u domains, protection keys suffice for %u: put some of "
                           "its compartments "
                           "into another VM (compartments.NAME.vm, or mechanism \"vm\")",
                           a->toml, v, k->n_domains, BH_DOMAINS_MAX);
    }
    for (uint32_t d = 0; d < k->n_domains; d++)
        want_key(k, 1u << d);
    for (uint32_t i = 0; i < a->n_compartments; i++) {
        want_key(k, vm_holds(a, v, i) ? stacks_set(k, i) : 0);
        if (vm_holds(a, v, i) || vm_sees_data(a, v, i)) {
            want_key(k, data_set(k, i, true));
            want_key(k, data_set(k, i, false));
        }
    }
    for (uint32_t i = 0; i < a->n_shares; i++)
        want_key(k, domains_of(k, a->shares[i].members));
    for (uint32_t i = 0; i < a->n_edges; i++)
        want_key(k, vm_has_edge(a, v, &a->edges[i]) ? edge_set(k, &a->edges[i]) : 0);
    if (k->n_domains > 1 && k->n_keys > BH_KEYS) {
        return problem_set(p, EXIT_USAGE,
                           "%s: VM %u needs %u protection keys, there are %u: one for each of its domains and for "
                           "each "
                           "set of them that has memory in common; lower the number of shares and edges between "
                           "them, or put some compartments into another VM",
                           a->toml, v, k->n_keys, BH_KEYS);
    }
    return true;
}

uint32_t keys_of(const struct keys *k, uint64_t va)
{
    if (va >= BH_KERNEL_BASE)
        return BH_KEY_PUBLIC; /* keys do not apply to supervisor pages */
    if (va >= BH_TLS_VA && va < BH_TLS_TP(BH_THREADS_MAX)) {
        uint64_t slot = (va - BH_TLS_VA) % BH_TLS_STRIDE / BH_TLS_SLOT;
        uint64_t i = BH_COMPARTMENTS_MAX - 1 - slot; /* huge: the control block itself */
        return slot == BH_COMPARTMENTS_MAX ? BH_KEY_PUBLIC : key_of_set(k, domains_of(k, 1ull << i));
    }
    if (va >= BH_CORE_BASE) {
        if (va >= BH_MPK_SECRETS_VA(0) && va < BH_MPK_SECRETS_VA(k->n_domains))
            return key_of_set(k, 1u << (va - BH_MPK_SECRETS_VA(0)) / BH_MPK_SECRETS_SIZE);
        if (va >= BH_MPK_COUNTS_VA(0) && va < BH_MPK_COUNTS_VA(k->n_domains))
            return key_of_set(k, 1u << (va - BH_MPK_COUNTS_VA(0)) / PAGE);
        bool public = va < BH_MPK_CODE_VA || (va >= BH_MPK_PUBLIC_VA && va < BH_MPK_CORE_VA);
        return public ? BH_KEY_PUBLIC : BH_KEY_CORE;
    }
    if (va >= BH_EDGE_BASE(0)) {
        uint64_t i = (va - BH_EDGE_BASE(0)) / (BH_EDGE_BASE(1) - BH_EDGE_BASE(0));
        uint64_t offset = va - BH_EDGE_BASE(i);
        return i >= k->a->n_edges              ? KEY_NONE
               : offset < BH_EDGE_CB_ARENA_OFF ? BH_KEY_CORE
                                               : key_of_set(k, edge_set(k, &k->a->edges[i]));
    }
    if (va >= BH_SHARE_BASE(0)) {
        uint64_t i = (va - BH_SHARE_BASE(0)) / (BH_SHARE_BASE(1) - BH_SHARE_BASE(0));
        return i >= k->a->n_shares ? KEY_NONE : key_of_set(k, domains_of(k, k->a->shares[i].members));
    }
    uint64_t i = (va - BH_COMPARTMENT_BASE(0)) / BH_WINDOW_SIZE; /* huge below the first window */
    if (i >= k->a->n_compartments)
        return KEY_NONE;
    uint64_t offset = va - BH_COMPARTMENT_BASE(i);
    return offset < BH_IMAGE_OFF ? BH_KEY_PUBLIC : key_of_set(k, window_set(k, (uint32_t)i, offset));
}

uint32_t keys_pkru(const struct keys *k, uint32_t domain)
{
    uint32_t pkru = 2; /* public: write-disable */
    for (uint32_t key = BH_KEY_CORE; key < BH_KEYS; key++) {
        bool may = key > BH_KEY_CORE && key < k->n_keys && (k->set[key] >> domain & 1);
        pkru |= may ? 0 : 3u << 2 * key;
    }
    return pkru;
}

uint32_t keys_domain_of_pkru(const struct keys *k, uint32_t pkru)
{
    for (uint32_t d = 0; d < k->n_domains; d++)
        if (keys_pkru(k, d) == pkru)
            return d;
    return KEY_NONE;
}

void keys_names(const struct keys *k, uint32_t set, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (uint32_t i = 0; i < k->a->n_compartments && used < size; i++) {
        if (vm_holds(k->a, k->vm, i) && (set >> k->domain[i] & 1)) {
            used +=
                (size_t)snprintf(text + used, size - used, "%s\"%s\"", used ? ", " : "", k->a->compartments[i].name);
        }
    }
}
