/* Placement: which mechanism is taken, who shares a VM, what is refused.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <string.h>

#include "unit/check.h"
#include "vmm/plan/placement.h"

static struct appliance a;
static struct problem p;
static const struct offer nothing_special = {.memory = 1ull << 40};

/* Compartments from strings of mechanisms in order of preference: v, m, n. The first is the
 * default. */
static void appliance(int n, ...)
{
    static const char *const names[] = {"app", "one", "two", "three", "four"};
    va_list list;
    va_start(list, n);
    memset(&a, 0, sizeof(a));
    a.toml = "a.toml";
    a.n_compartments = (uint32_t)n;
    for (int i = 0; i < n; i++) {
        struct compartment *c = &a.compartments[i];
        *c = (struct compartment){.name = names[i],
                                  .index = (uint32_t)i,
                                  .memory = 1 << 20,
                                  .stack = 1 << 16,
                                  .threads = 4,
                                  .is_default = i == 0};
        for (const char *w = va_arg(list, const char *); *w; w++)
            c->wanted[c->n_wanted++] = *w == 'v' ? MECH_VM : *w == 'm' ? MECH_MPK : MECH_NONE;
    }
    va_end(list);
}

static bool placed(void)
{
    p = (struct problem){0};
    return place(&a, &nothing_special, &p);
}

static void vm_means_a_vm_of_its_own(void)
{
    appliance(3, "v", "v", "v");
    CHECK(placed() && a.n_vms == 3);
    for (uint32_t i = 0; i < 3; i++)
        CHECK(a.compartments[i].vm == i && a.vms[i].compartments == 1ull << i);
}

static void none_joins_the_default_compartment(void)
{
    appliance(4, "v", "n", "v", "n");
    CHECK(placed() && a.n_vms == 2);
    CHECK(a.vms[0].compartments == 0xb && a.vms[1].compartments == 0x4);
    CHECK(a.compartments[3].mechanism == MECH_NONE);
}

static void groups_found_vms(void)
{
    appliance(5, "n", "n", "n", "v", "n");
    a.compartments[1].vm_group = a.compartments[4].vm_group = "services";
    a.compartments[2].vm_group = "other";
    CHECK(placed() && a.n_vms == 4);
    CHECK(a.compartments[1].vm == a.compartments[4].vm && a.compartments[2].vm == 2);
    CHECK(a.vms[a.compartments[1].vm].compartments == 0x12);
    a.compartments[4].wanted[0] = MECH_VM; /* a VM of its own, whatever the group */
    CHECK(placed() && a.n_vms == 5);
}

/* Before or behind the compartment that makes the VM; only if that one does. */
static void a_name_joins_a_vm_compartment(void)
{
    appliance(4, MECH_NONE, MECH_NONE, MECH_VM, MECH_NONE);
    a.compartments[1].vm_group = a.compartments[3].vm_group = "two";
    CHECK(placed() && a.n_vms == 2);
    CHECK(a.vms[0].compartments == 0x1 && a.vms[1].compartments == 0xe);
    a.compartments[1].vm_group = "app";
    CHECK(placed() && a.n_vms == 2);
    CHECK(a.vms[0].compartments == 0x3 && a.vms[1].compartments == 0xc);
    a.compartments[2].wanted[0] = MECH_NONE; /* now it is in the default one's */
    CHECK(placed() && a.n_vms == 2);
    CHECK(a.vms[0].compartments == 0x7 && a.vms[1].compartments == 0x8);
}

static void default_compartment_is_in_vm_0(void)
{
    appliance(3, "v", "v", "n");
    a.compartments[0].is_default = false;
    a.compartments[1].is_default = true;
    a.default_compartment = 1;
    CHECK(placed() && a.n_vms == 2);
    CHECK(a.compartments[1].vm == 0 && a.compartments[2].vm == 0 && a.compartments[0].vm == 1);
}

static void first_possible_mechanism_is_taken(void)
{
    appliance(3, "v", "mv", "mnv");
    CHECK(placement_wants_keys(&a));
    CHECK(placed());
    CHECK(a.compartments[1].mechanism == MECH_VM && a.compartments[2].mechanism == MECH_NONE);
    appliance(1, "v");
    CHECK(!placement_wants_keys(&a));
}

static void mpk_alone_is_refused(void)
{
    appliance(2, "v", "m");
    CHECK(!placed() && p.status == EXIT_HOST);
    CHECK(strcmp(p.text,
                 "compartment \"one\": mpk needs the CPU feature PKU (protection keys), which "
                 "this processor or its kernel lacks: write mechanism = [\"mpk\", \"vm\"] to "
                 "have a VM instead") == 0);
    struct offer offer = {.keys_cpu = true};
    CHECK(!place(&a, &offer, &p) && strstr(p.text, "this host's KVM keeps from guests: write"));
    offer.keys_guest = true;
    CHECK(place(&a, &offer, &p) && a.compartments[1].mechanism == MECH_MPK && a.n_vms == 1);
}

static void keys_are_taken_where_they_are(void)
{
    struct offer offer = {.keys_cpu = true, .keys_guest = true};
    appliance(4, "v", "mv", "vm", "nm");
    CHECK(place(&a, &offer, &p) && a.n_vms == 2);
    CHECK(a.compartments[1].mechanism == MECH_MPK && a.compartments[1].vm == 0);
    CHECK(a.compartments[2].mechanism == MECH_VM && a.compartments[3].mechanism == MECH_NONE);
    appliance(4, "v", "m", "m", "v");
    a.compartments[1].vm_group = a.compartments[2].vm_group = "services";
    CHECK(place(&a, &offer, &p) && a.n_vms == 3 && a.vms[1].compartments == 0x6);
}

static void threads_of_a_vm_are_the_largest(void)
{
    appliance(3, "v", "n", "v");
    a.compartments[1].threads = 32;
    CHECK(placed() && a.vms[0].n_threads == 32 && a.vms[1].n_threads == 4);
    a.compartments[0].stack = 32 << 20; /* 4 of them fit, 32 do not */
    CHECK(!placed() && p.status == EXIT_USAGE);
    CHECK(strstr(p.text, "a.toml: compartment \"app\": 32 stacks of 32768 KiB"));
}

static void default_share_is_the_first_that_lists_it(void)
{
    appliance(3, "v", "v", "v");
    a.n_shares = 2;
    a.shares[0] = (struct share){.name = "s", .index = 0, .size = 4096, .members = 0x2};
    a.shares[1] = (struct share){.name = "t", .index = 1, .size = 4096, .members = 0x3};
    CHECK(placed());
    CHECK(a.compartments[0].share == 1 && a.compartments[1].share == 0);
    CHECK(a.compartments[2].share == BH_NO_SHARE);
}

static void more_memory_than_the_host_has(void)
{
    appliance(2, "v", "v");
    struct offer offer = {.memory = (2 << 20) - 1};
    CHECK(!place(&a, &offer, &p) && p.status == EXIT_HOST);
    offer.memory++;
    CHECK(place(&a, &offer, &p));
}

int main(void)
{
    RUN(vm_means_a_vm_of_its_own);
    RUN(none_joins_the_default_compartment);
    RUN(groups_found_vms);
    RUN(default_compartment_is_in_vm_0);
    RUN(first_possible_mechanism_is_taken);
    RUN(mpk_alone_is_refused);
    RUN(keys_are_taken_where_they_are);
    RUN(threads_of_a_vm_are_the_largest);
    RUN(default_share_is_the_first_that_lists_it);
    RUN(more_memory_than_the_host_has);
    return CHECK_RESULT();
}
