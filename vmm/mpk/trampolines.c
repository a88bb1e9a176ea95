/* Places the crossings of a VM in its memory, and gives each region its protection key.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/mpk/trampolines.h"

#include "rpc/gate.h"
#include "vmm/mpk/crossings.h"
#include "vmm/mpk/gates.h"
#include "vmm/resources/vm_stats.h"

static bool add_block(struct guest_memory *m, uint64_t va, uint64_t size, uint32_t perms, struct problem *p)
{
    struct region r = {
        .va = va, .size = page_up(size), .stride = page_up(size), .count = 1, .perms = perms | PERM_R | PERM_U};
    return memory_add(m, &r, p);
}

/* The templates use the first bytes of every TLS slot. */
static bool slots_have_room(const struct resources *w, const struct keys *k, struct problem *p)
{
    for (uint32_t i = 0; i < k->a->n_compartments; i++) {
        const struct bh_image *image = &w->compartments[i].image.header.compartment;
        if (vm_holds(k->a, k->vm, i) && image->tls_memsz > BH_TLS_SLOT - 2 * BH_CONTROL_SIZE) {
            return problem_set(p, EXIT_USAGE,
                               "compartment %s: %llu bytes of thread-local variables; with "
                               "protection keys at most %llu",
                               k->a->compartments[i].name, (unsigned long long)image->tls_memsz,
                               BH_TLS_SLOT - 2 * BH_CONTROL_SIZE);
        }
    }
    return true;
}

static bool add_counts(const struct resources *w, const struct keys *k, struct guest_memory *m, struct problem *p)
{
    bool good = true;
    for (uint32_t d = 0; good && w->o->count_mpk && d < k->n_domains; d++) {
        struct region r = {.va = BH_MPK_COUNTS_VA(d),
                           .size = PAGE,
                           .stride = PAGE,
                           .count = 1,
                           .perms = PERM_R | PERM_W | PERM_U,
                           .backing = BACK_FD,
                           .fd = w->vms[k->vm].stats_fd,
                           .offset = VM_COUNTS_OFF + d * PAGE};
        good = memory_add(m, &r, p);
    }
    return good;
}

bool trampolines_plan(const struct resources *w, const struct keys *k, struct guest_memory *m, struct problem *p)
{
    uint64_t constants, imports, code = crossings_bound(w, k, &constants, &imports);
    if (code > BH_MPK_CODE_MAX || constants > BH_MPK_TABLES_MAX / 8)
        return problem_set(p, EXIT_USAGE,
                           "VM %u: its gates between protection keys do not fit: fewer edges or functions", k->vm);
    struct region stacks = {.va = BH_MPK_STACK(0),
                            .size = BH_MPK_STACK_SIZE,
                            .stride = BH_MPK_STACK_SIZE + PAGE,
                            .count = k->a->vms[k->vm].n_threads,
                            .perms = PERM_R | PERM_W | PERM_U};
    if (!slots_have_room(w, k, p) || !add_block(m, BH_MPK_CODE_VA, code, PERM_X, p) ||
        !add_block(m, BH_MPK_PUBLIC_VA, PAGE, PERM_W, p) || !add_block(m, BH_MPK_TABLES_VA, 8 * constants, 0, p) ||
        !add_block(m, BH_MPK_CORE_VA, sizeof(struct bh_mpk), PERM_W, p) || !memory_add(m, &stacks, p))
        return false;
    for (uint32_t d = 0; d < k->n_domains; d++)
        if (!add_block(m, BH_MPK_SECRETS_VA(d), BH_MPK_SECRETS_SIZE, 0, p))
            return false;
    if (!add_counts(w, k, m, p))
        return false;
    for (uint32_t i = 0; i < m->n; i++) {
        uint32_t key = keys_of(k, m->list[i].va);
        if (key == KEY_NONE) {
            return problem_set(p, EXIT_HOST, "guest address 0x%llx has no protection key",
                               (unsigned long long)m->list[i].va);
        }
        m->list[i].key = (uint8_t)key;
    }
    m->keyed = true;
    return true;
}

static bool write_gates(const struct crossings *m, uint32_t i, const uint64_t *gates, struct guest_memory *memory)
{
    uint64_t table = BH_COMPARTMENT_BASE(i) + BH_GATES_OFF;
    uint64_t at = table + sizeof(struct bh_gate_table) + offsetof(struct bh_import, gate);
    bool good = memory_fill(memory, guest_va(table + offsetof(struct bh_gate_table, core)), m->entry[i],
                            8ull * m->w->core.header.core.n_calls);
    for (uint32_t n = 0; good && n < m->k->a->compartments[i].n_imports; n++, at += sizeof(struct bh_import))
        good = memory_fill(memory, guest_va(at), &gates[n], sizeof(gates[n]));
    return good;
}

static bool write_all(const struct crossings *m, struct guest_memory *memory)
{
    uint64_t thread = BH_TLS_TP(0);
    const struct appliance *a = m->k->a;
    bool good = memory_fill(memory, guest_va(BH_MPK_CODE_VA), m->code, m->used) &&
                memory_fill(memory, guest_va(BH_MPK_TABLES_VA), m->tables, 8ull * m->n_tables) &&
                memory_fill(memory, guest_va(BH_MPK_PUBLIC_VA), &thread, sizeof(thread)) &&
                memory_fill(memory, guest_va(BH_MPK_CORE_VA), &m->mpk, sizeof(m->mpk));
    for (uint32_t d = 0; good && d < m->k->n_domains; d++)
        good = memory_fill(memory, guest_va(BH_MPK_SECRETS_VA(d)), m->secrets[d], 8ull * m->n_secrets[d]);
    const uint64_t *gates = m->gates;
    for (uint32_t i = 0; good && i < a->n_compartments; i++) {
        if (vm_holds(a, m->k->vm, i)) {
            good = write_gates(m, i, gates, memory);
            gates += a->compartments[i].n_imports;
        }
    }
    return good;
}

bool trampolines_write(const struct resources *w, const struct keys *k, struct guest_memory *memory, struct problem *p)
{
    struct crossings *m = crossings_make(w, k, p);
    bool good = m && (write_all(m, memory) || problem_set(p, EXIT_HOST, "the trampolines are not mapped"));
    crossings_free(m);
    return good;
}
