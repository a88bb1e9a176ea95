/* Protection keys of a VM: its domains, the key of each access set, PKRU values.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A function of the placed appliance alone, so that supervisor, VM processes and tests agree.
 * Domains and keys: rpc/mpk.h. A set of domains is a bit mask. */
#ifndef BH_VMM_MPK_KEYS_H
#define BH_VMM_MPK_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "rpc/mpk.h"
#include "vmm/appliance/appliance.h"
#include "vmm/base/problem.h"

#define KEY_NONE UINT32_MAX

struct keys {
    const struct appliance *a;
    uint32_t vm;
    uint32_t n_domains;                  /* 1: no keys */
    uint8_t domain[BH_COMPARTMENTS_MAX]; /* of compartments of this VM */
    uint64_t members[BH_DOMAINS_MAX];    /* bit i: compartment i */
    uint32_t n_keys;
    uint32_t set[BH_KEYS]; /* domains that may use the key; not of BH_KEY_PUBLIC and BH_KEY_CORE */
};

/* Finds domains and keys of VM v. False: EXIT_USAGE, more domains or access sets than there are
 * keys. */
bool keys_plan(struct keys *k, const struct appliance *a, uint32_t v, struct problem *p);

/* Whether VM v has more than one domain. */
bool keys_needed(const struct appliance *a, uint32_t v);

/* Both ends in one VM, in different domains. */
bool edge_keyed(const struct appliance *a, const struct edge *e);

/* Whether a light gate is one: an edge between two domains of one compartment each, with no other
 * edge from a domain of the VM into either. Else a call could come in by that other edge while a
 * stack that both use is in use further down; so the gate is a full one then. */
bool edge_light(const struct appliance *a, const struct edge *e);

/* Key of the region that begins at guest address va, which belongs to this VM. KEY_NONE: to none of
 * its parts. */
uint32_t keys_of(const struct keys *k, uint64_t va);

/* PKRU of a domain; the core's is 0. */
uint32_t keys_pkru(const struct keys *k, uint32_t domain);

/* The domain that runs with this PKRU; KEY_NONE: none. */
uint32_t keys_domain_of_pkru(const struct keys *k, uint32_t pkru);

/* Names of the compartments of a set of domains, such as `"app", "zlib"`. */
void keys_names(const struct keys *k, uint32_t set, char *text, size_t size);

#endif
