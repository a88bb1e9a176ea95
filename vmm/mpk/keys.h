/* Protection keys of a VM: its domains, the key of each access set, PKRU values.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The results depend on the placed appliance alone, so that supervisor, VM processes and tests agree. rpc/mpk.h
 * explains domains and keys. A set of domains is a bit mask. */
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
    uint32_t set[BH_KEYS]; /* domains that may use the key; unused for BH_KEY_PUBLIC and BH_KEY_CORE */
};

/* Finds domains and keys of VM v. False: EXIT_USAGE, because there are more domains or access sets than keys. */
bool keys_plan(struct keys *k, const struct appliance *a, uint32_t v, struct problem *p);

/* Whether VM v has more than one domain. */
bool keys_needed(const struct appliance *a, uint32_t v);

/* Whether both ends of an edge are in one VM, in different domains. */
bool edge_keyed(const struct appliance *a, const struct edge *e);

/* Whether the gate of an edge that asks for a light one is light. The edge has to join two domains of one compartment
 * each, and no other edge of the VM may lead into either. Otherwise a call could come in by that other edge while the
 * stack that both domains use is in use; the gate is a full one then. */
bool edge_light(const struct appliance *a, const struct edge *e);

/* The key of the region that begins at guest address `va`. KEY_NONE: the VM has no such region. */
uint32_t keys_of(const struct keys *k, uint64_t va);

/* PKRU of a domain; the core's is 0. */
uint32_t keys_pkru(const struct keys *k, uint32_t domain);

/* The domain that runs with this PKRU; KEY_NONE: none. */
uint32_t keys_domain_of_pkru(const struct keys *k, uint32_t pkru);

/* Writes the names of the compartments of a set of domains, such as `"app", "zlib"`. */
void keys_names(const struct keys *k, uint32_t set, char *text, size_t size);

#endif
