/* Protection keys: domains, access sets, PKRU values, and what is refused.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "rpc/gate.h"
#include "rpc/stats.h"
#include "unit/check.h"
#include "vmm/mpk/keys.h"
#include "vmm/kvm/regions.h"

static struct appliance a;
static struct keys k;
static struct problem p;

/* n compartments in VM 0: the first is the default one, the others have a key each. */
static void appliance(uint32_t n)
{
    static const char *const names[] = {"app", "one", "two", "three", "four"};
    memset(&a, 0, sizeof(a));
    a.toml = "a.toml";
    a.n_compartments = n;
    a.n_vms = 1;
    for (uint32_t i = 0; i < n; i++) {
        a.compartments[i] = (struct compartment){.name = i < 5 ? names[i] : "more",
                                                 .index = i,
                                                 .stack = 1 << 16,
                                                 .is_default = i == 0,
                                                 .mechanism = i ? MECH_MPK : MECH_VM,
                                                 .share = BH_NO_SHARE};
        a.vms[0].compartments |= 1ull << i;
    }
}

static struct edge *edge(uint32_t from, uint32_t to, bool light)
{
    a.edges[a.n_edges] = (struct edge){.index = a.n_edges, .from = from, .to = to, .light = light, .arena = 0x10000};
    return &a.edges[a.n_edges++];
}

static bool may(uint32_t compartment, uint64_t va)
{
    uint32_t key = keys_of(&k, va);
    return key < BH_KEYS && !(keys_pkru(&k, k.domain[compartment]) >> 2 * key & 1);
}

static bool may_write(uint32_t compartment, uint64_t va)
{
    return may(compartment, va) && !(keys_pkru(&k, k.domain[compartment]) >> (2 * keys_of(&k, va) + 1) & 1);
}

static void one_domain_needs_no_keys(void)
{
    appliance(1);
    CHECK(!keys_needed(&a, 0));
    appliance(3);
    a.compartments[1].mechanism = a.compartments[2].mechanism = MECH_NONE;
    CHECK(!keys_needed(&a, 0));
    edge(0, 1, false);
    CHECK(!edge_keyed(&a, &a.edges[0]));
    a.compartments[2].mechanism = MECH_MPK;
    CHECK(keys_needed(&a, 0) && !edge_keyed(&a, &a.edges[0]));
    CHECK(keys_plan(&k, &a, 0, &p) && k.n_domains == 2 && k.domain[0] == k.domain[1] && k.domain[2] != k.domain[0]);
    appliance(1);
    a.compartments[0].mechanism = MECH_MPK; /* alone in its VM */
    CHECK(!keys_needed(&a, 0));
}

static void each_has_its_own(void)
{
    static const uint64_t parts[] = {BH_IMAGE_OFF, BH_SHARED_OFF, BH_STACKS_OFF + PAGE, BH_STACKS_OFF + BH_SHADOW_DELTA,
                                     BH_HEAP_OFF};
    appliance(3);
    CHECK(keys_plan(&k, &a, 0, &p) && k.n_domains == 3);
    for (uint32_t i = 0; i < 3; i++) {
        for (uint32_t j = 0; j < 3; j++) {
            for (size_t n = 0; n < sizeof(parts) / sizeof(*parts); n++)
                CHECK(may_write(i, BH_COMPARTMENT_BASE(j) + parts[n]) == (i == j));
            CHECK(may_write(i, BH_TLS_SEGMENT(0, j)) == (i == j) && may_write(i, BH_TLS_SEGMENT(3, j)) == (i == j));
            CHECK(may(i, BH_COMPARTMENT_BASE(j)) && !may_write(i, BH_COMPARTMENT_BASE(j))); /* gate table */
        }
    }
}

static void the_core_is_out_of_reach(void)
{
    appliance(2);
    CHECK(keys_plan(&k, &a, 0, &p));
    CHECK(!may(1, BH_CORE_IMAGE_VA) && !may(1, BH_MPK_CORE_VA) && !may(1, BH_MPK_CODE_VA) && !may(1, BH_MPK_STACK(0)) &&
          !may(1, BH_STATS_VA) && !may(1, BH_STATS_VA + BH_STATS_SIZE - 1));
    static const uint64_t public[] = {BH_BOOTINFO_VA,   BH_STATUS_VA,     BH_CROWD_VA,
                                      BH_MPK_PUBLIC_VA, BH_MPK_TABLES_VA, BH_TLS_TP(0)};
    for (size_t n = 0; n < sizeof(public) / sizeof(*public); n++)
        CHECK(may(1, public[n]) && !may_write(1, public[n]));
    CHECK(keys_of(&k, 0x1000) == KEY_NONE && keys_of(&k, BH_SHARE_BASE(0)) == KEY_NONE &&
          keys_of(&k, BH_EDGE_BASE(0)) == KEY_NONE);
    CHECK(keys_of(&k, BH_KERNEL_BASE) == BH_KEY_PUBLIC);
    for (uint32_t i = 0; i < 2; i++)
        CHECK(keys_domain_of_pkru(&k, keys_pkru(&k, k.domain[i])) == k.domain[i]);
    CHECK(keys_domain_of_pkru(&k, 0) == KEY_NONE);
}

static void what_is_shared(void)
{
    appliance(4);
    a.n_shares = 1;
    a.shares[0] = (struct share){.name = "s", .size = 0x10000, .members = 0x6};
    a.compartments[1].share = a.compartments[2].share = 0;
    edge(0, 3, false);
    CHECK(keys_plan(&k, &a, 0, &p));
    for (uint32_t i = 0; i < 4; i++) {
        bool member = i == 1 || i == 2, end = i == 0 || i == 3;
        CHECK(may_write(i, BH_SHARE_BASE(0)) == member);
        CHECK(may_write(i, BH_COMPARTMENT_BASE(1) + BH_SHARED_OFF) == member);
        CHECK(may_write(i, BH_COMPARTMENT_BASE(1) + BH_STACKS_OFF + BH_SHADOW_DELTA) == member);
        CHECK(may_write(i, BH_COMPARTMENT_BASE(1) + BH_STACKS_OFF) == (i == 1));
        CHECK(may_write(i, BH_EDGE_BASE(0) + BH_EDGE_ARENA_OFF) == end);
        CHECK(may_write(i, BH_EDGE_BASE(0) + BH_EDGE_CB_ARENA_OFF) == end);
        CHECK(!may(i, BH_EDGE_BASE(0)));
    }
    char text[64];
    keys_names(&k, 1u << k.domain[1] | 1u << k.domain[2], text, sizeof(text));
    CHECK(strcmp(text, "\"one\", \"two\"") == 0);
}

static void light_gates(void)
{
    appliance(3);
    edge(0, 1, true);
    CHECK(edge_light(&a, &a.edges[0]) && keys_plan(&k, &a, 0, &p));
    CHECK(may_write(1, BH_COMPARTMENT_BASE(0) + BH_STACKS_OFF) && !may(0, BH_COMPARTMENT_BASE(1) + BH_STACKS_OFF));
    CHECK(!may(1, BH_COMPARTMENT_BASE(0) + BH_HEAP_OFF) && !may(2, BH_COMPARTMENT_BASE(0) + BH_STACKS_OFF));
    struct edge *more = edge(2, 1, true); /* a second way into the callee */
    CHECK(!edge_light(&a, &a.edges[0]) && !edge_light(&a, more));
    *more = (struct edge){.index = 1, .from = 2, .to = 0};
    CHECK(!edge_light(&a, &a.edges[0])); /* a way into the caller */
    a.compartments[2].vm = 1;
    CHECK(edge_light(&a, &a.edges[0])); /* from another VM: the core puts it on a stack */
    a.compartments[2] = (struct compartment){.name = "two", .index = 2, .mechanism = MECH_NONE};
    a.n_edges = 1;
    CHECK(!edge_light(&a, &a.edges[0])); /* the caller's domain has a second stack */
}

static void too_many(void)
{
    appliance(BH_DOMAINS_MAX);
    CHECK(keys_plan(&k, &a, 0, &p) && k.n_keys == BH_KEYS);
    edge(0, 1, false);
    CHECK(!keys_plan(&k, &a, 0, &p) && p.status == EXIT_USAGE &&
          strstr(p.text, "VM 0 needs 17 protection keys, there are 16"));
    appliance(BH_DOMAINS_MAX + 1);
    CHECK(!keys_plan(&k, &a, 0, &p) && p.status == EXIT_USAGE && strstr(p.text, "VM 0 has 15 domains"));
}

int main(void)
{
    RUN(one_domain_needs_no_keys);
    RUN(each_has_its_own);
    RUN(the_core_is_out_of_reach);
    RUN(what_is_shared);
    RUN(light_gates);
    RUN(too_many);
    return CHECK_RESULT();
}
