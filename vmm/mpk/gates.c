/* Fills gate tables from the appliance, its placement and the core's list of calls.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/mpk/gates.h"

#include <stddef.h>

static uint64_t table_size(const struct compartment *c)
{
    return sizeof(struct bh_gate_table) + (uint64_t)c->n_imports * sizeof(struct bh_import);
}

bool gates_plan(const struct resources *w, uint32_t i, struct guest_memory *m, struct problem *p)
{
    const struct compartment *c = &w->a->compartments[i];
    if (table_size(c) > BH_GATES_MAX)
        return problem_set(p, EXIT_USAGE, "compartment %s imports too many functions", c->name);
    uint64_t size = page_up(table_size(c));
    struct region r = {.va = BH_COMPARTMENT_BASE(i) + BH_GATES_OFF,
                       .size = size,
                       .stride = size,
                       .count = 1,
                       .perms = PERM_R | PERM_U};
    return memory_add(m, &r, p);
}

const struct edge *gates_edge(const struct appliance *a, uint32_t from, const struct import_fn *f)
{
    for (uint32_t n = 0; n < a->n_edges; n++) {
        const struct edge *e = &a->edges[n];
        if (e->from == from && e->to == f->compartment && f->fn < BH_FUNCTIONS_MAX &&
            (e->granted[f->fn / 64] >> (f->fn % 64) & 1))
            return e;
    }
    return NULL;
}

/* Whether nothing stands between two compartments: same VM, and neither has keys of its own. */
static bool are_unisolated(const struct appliance *a, uint32_t x, uint32_t y)
{
    const struct compartment *cx = &a->compartments[x], *cy = &a->compartments[y];
    return cx->vm == cy->vm && cx->mechanism != MECH_MPK && cy->mechanism != MECH_MPK;
}

static bool make_import(const struct resources *w, uint32_t from, const struct import_fn *f, uint64_t call,
                        struct bh_import *to, struct problem *p)
{
    const struct appliance *a = w->a;
    const struct edge *e = gates_edge(a, from, f);
    *to = (struct bh_import){.gate = call, .edge = e ? e->index : BH_NO_EDGE, .fn = f->fn};
    if (!e || !are_unisolated(a, from, f->compartment))
        return true;
    const struct compartment *callee = &a->compartments[f->compartment];
    if (f->fn >= callee->n_exports ||
        !image_covers(&w->compartments[f->compartment].image, callee->exports[f->fn].direct, 1, PERM_X)) {
        return problem_set(p, EXIT_USAGE,
                           "compartment %s: function %s of %s is not in its image; build the "
                           "appliance again",
                           callee->name, f->name, f->library);
    }
    to->direct = callee->exports[f->fn].direct;
    return true;
}

bool gates_write(const struct resources *w, uint32_t i, struct guest_memory *m, struct problem *p)
{
    const struct compartment *c = &w->a->compartments[i];
    const struct bh_core_image *core = &w->core.header.core;
    struct guest_va at = {BH_COMPARTMENT_BASE(i) + BH_GATES_OFF};
    struct bh_gate_table t = {.version = BH_ABI_VERSION, .compartment = i, .n_imports = c->n_imports};
    if (!memory_read(m, t.core, guest_va(core->calls), core->n_calls * 8ull, PERM_R))
        return problem_set(p, EXIT_USAGE, "%s: its table of calls is damaged", w->core.path);
    if (!memory_fill(m, at, &t, sizeof(t)))
        return problem_set(p, EXIT_HOST, "a gate table is not mapped");
    at.va += sizeof(t);
    for (uint32_t n = 0; n < c->n_imports; n++, at.va += sizeof(struct bh_import)) {
        struct bh_import import;
        if (!make_import(w, i, &c->imports[n], t.core[0], &import, p))
            return false;
        if (!memory_fill(m, at, &import, sizeof(import)))
            return problem_set(p, EXIT_HOST, "a gate table is not mapped");
    }
    return true;
}
