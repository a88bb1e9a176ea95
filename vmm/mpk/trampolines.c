/* Code and tables of a VM with protection keys.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/mpk/trampolines.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "rpc/gate.h"
#include "vmm/mpk/gates.h"
#include "vmm/mpk/scan.h"
#include "vmm/resources/vm_stats.h"

/* guest/kernel/mpk/trampolines.S */
#define TEMPLATE(name) extern const uint8_t bh_mpk_##name[], bh_mpk_##name##_end[]
TEMPLATE(full);
TEMPLATE(light);
TEMPLATE(call);
TEMPLATE(down);

/* Placeholders, 32-bit fields: 0x7b0aNNNN for values, 0x7b0cNNNN for the distance of an address from
 * the end of the field. */
enum hole { SP_FROM = 1, SP_TO, FRAME, EDGE, CALLER, CALLS, HOLES };
enum far_hole { IN_HAVE = 1, IN_WANT, OUT_HAVE, OUT_WANT, FUNCTION, WINDOW, CORE_CALLS, FAR_HOLES };
#define HOLE(n)     (0x7b0a0000u | (n))
#define FAR_HOLE(n) (0x7b0c0000u | (n))

/* Guest addresses of the four words of a crossing: in the leaving and the entered domain's memory,
 * there and back. */
struct words {
    uint64_t in_have, in_want, out_have, out_want;
};

struct fill {
    uint32_t near[HOLES];
    uint64_t far[FAR_HOLES];
};

#define ENTRY_MAX   16u /* bytes of a core call's entry */
#define COUNT_BYTES 7u  /* of the instruction that counts */
#define TRIES       64u /* for distances without the bytes of a forbidden instruction in them */
#define SECRETS_MAX (BH_MPK_SECRETS_SIZE / 8)
_Static_assert(2 * (BH_EDGES_MAX + 2 * BH_COMPARTMENTS_MAX) <= SECRETS_MAX, "a domain's secrets");

struct maker {
    const struct resources *w;
    const struct keys *k;
    uint8_t *code; /* BH_MPK_CODE_MAX */
    uint32_t used, crossings;
    uint64_t *tables; /* BH_MPK_TABLES_MAX */
    uint32_t n_tables;
    uint64_t secrets[BH_DOMAINS_MAX][SECRETS_MAX];
    uint32_t n_secrets[BH_DOMAINS_MAX];
    struct words edge[BH_EDGES_MAX];
    uint64_t entry[BH_COMPARTMENTS_MAX][BH_CORE_CALLS_MAX];
    uint64_t *gates; /* of all imports of the VM's compartments, in order */
    uint32_t n_gates;
    struct bh_mpk mpk;
};

static bool full(struct problem *p, uint32_t vm)
{
    return problem_set(p, EXIT_USAGE, "VM %u: its gates between protection keys do not fit: fewer edges or functions",
                       vm);
}

static bool keyed_here(const struct keys *k, const struct edge *e)
{
    return edge_keyed(k->a, e) && vm_holds(k->a, k->vm, e->from);
}

/* The edge of an import that gets a gate of its own here; NULL: it goes through the core, or nowhere. */
static const struct edge *keyed_import(const struct keys *k, uint32_t i, const struct import_fn *f)
{
    const struct edge *e = gates_edge(k->a, i, f);
    return e && keyed_here(k, e) ? e : NULL;
}

/* ---- Code ---- */

static uint64_t here(const struct maker *m)
{
    return BH_MPK_CODE_VA + m->used;
}

static void bytes(struct maker *m, const void *from, uint32_t n)
{
    memcpy(m->code + m->used, from, n);
    m->used += n;
}

static void word(struct maker *m, uint32_t value)
{
    bytes(m, &value, sizeof(value));
}

/* The 32-bit distance of `target` from the end of an instruction that ends with it. */
static void distance(struct maker *m, uint64_t target)
{
    word(m, (uint32_t)(target - (here(m) + 4)));
}

/* Copies a template and fills its holes; returns its address. */
static uint64_t put(struct maker *m, const uint8_t *start, const uint8_t *end, const struct fill *f)
{
    m->used = (m->used + 15) & ~15u;
    uint64_t va = here(m);
    uint8_t *at = m->code + m->used;
    uint32_t size = (uint32_t)(end - start);
    bytes(m, start, size);
    for (uint32_t i = 0; i + 4 <= size; i++) {
        uint32_t field, n;
        const char *what;
        memcpy(&field, start + i, sizeof(field));
        n = field & 0xffff;
        if (field == HOLE(n) && n < HOLES) {
            memcpy(at + i, &f->near[n], sizeof(field));
        } else if (field == FAR_HOLE(n) && n < FAR_HOLES) {
            uint32_t distance = (uint32_t)(f->far[n] - (va + i + 4));
            memcpy(at + i, &distance, sizeof(distance));
        }
        m->crossings += scan_bytes(start + i, 3, 0, &what) == 0;
    }
    return va;
}
#define PUT(m, name, f) put(m, bh_mpk_##name, bh_mpk_##name##_end, f)

/* A constant that all may read. */
static uint64_t constant(struct maker *m, uint64_t value)
{
    m->tables[m->n_tables] = value;
    return BH_MPK_TABLES_VA + 8ull * m->n_tables++;
}

/* A word in memory of compartment i's domain, which nobody can write. */
static uint64_t secret(struct maker *m, uint32_t i, uint64_t value)
{
    uint32_t d = m->k->domain[i];
    m->secrets[d][m->n_secrets[d]] = value;
    return BH_MPK_SECRETS_VA(d) + 8ull * m->n_secrets[d]++;
}

/* What rax holds at the WRPKRU that enters with `pkru`: that, and above it 32 random bits. */
static bool draw(uint64_t *word, uint32_t pkru)
{
    uint32_t random;
    bool good = getrandom(&random, sizeof(random), 0) == (ssize_t)sizeof(random);
    *word = (uint64_t)random << 32 | pkru;
    return good;
}

static uint32_t pkru_of(const struct maker *m, uint32_t i)
{
    return keys_pkru(m->k, m->k->domain[i]);
}

static void crossing(struct fill *f, const struct words *s)
{
    f->far[IN_HAVE] = s->in_have;
    f->far[IN_WANT] = s->in_want;
    f->far[OUT_HAVE] = s->out_have;
    f->far[OUT_WANT] = s->out_want;
}

/* Distance of compartment i's bh_control.sp from the thread pointer. */
static uint32_t control_at(uint32_t i)
{
    return (uint32_t)(BH_TLS_SEGMENT(0, i) + offsetof(struct bh_control, sp) - BH_TLS_TP(0));
}

/* The secrets of an edge: both ends have a copy of each. */
static bool put_secrets(struct maker *m, const struct edge *e)
{
    uint64_t in, out;
    bool good = draw(&in, pkru_of(m, e->to)) && draw(&out, pkru_of(m, e->from));
    m->edge[e->index] = (struct words){.in_have = secret(m, e->from, in),
                                       .in_want = secret(m, e->to, in),
                                       .out_have = secret(m, e->to, out),
                                       .out_want = secret(m, e->from, out)};
    return good;
}

/* An instruction that counts a call, with the rights of the domain that makes it; the gate follows at a multiple of 16.
 */
static uint64_t put_count(struct maker *m, const struct edge *e)
{
    m->used = ((m->used + 15) & ~15u) + 16 - COUNT_BYTES;
    uint64_t va = here(m);
    bytes(m, "\x48\xff\x05", 3); /* incq distance(%rip) */
    distance(m, BH_MPK_COUNTS_VA(m->k->domain[e->from]) + 8ull * e->index);
    return va;
}

/* Gate of one import. */
static bool put_gate(struct maker *m, const struct edge *e, const struct import_fn *i, uint64_t *gate,
                     struct problem *p)
{
    const struct compartment *to = &m->k->a->compartments[e->to];
    uint64_t dispatch = i->fn < to->n_exports ? to->exports[i->fn].dispatch : 0;
    if (!image_covers(&m->w->compartments[e->to].image, dispatch, 1, PERM_X)) {
        return problem_set(p, EXIT_USAGE,
                           "compartment %s: function %s of %s is not in its image; build the appliance again", to->name,
                           i->name, i->library);
    }
    struct fill f = {0};
    crossing(&f, &m->edge[e->index]);
    f.near[SP_FROM] = control_at(e->from);
    f.near[SP_TO] = control_at(e->to);
    f.near[FRAME] = BH_FRAME_EDGE(e->index);
    f.near[EDGE] = e->index;
    f.far[FUNCTION] = constant(m, dispatch);
    f.far[WINDOW] = constant(m, BH_COMPARTMENT_BASE(e->from));
    uint64_t count = m->w->o->count_mpk ? put_count(m, e) : 0;
    *gate = edge_light(m->k->a, e) ? PUT(m, light, &f) : PUT(m, full, &f);
    *gate = count ? count : *gate;
    return true;
}

/* Entries of compartment i's core calls, which tell the number to what they have in common. */
static bool put_core_calls(struct maker *m, uint32_t i)
{
    const struct bh_core_image *core = &m->w->core.header.core;
    struct fill f = {0};
    uint64_t in, out;
    bool good = draw(&in, 0) && draw(&out, pkru_of(m, i));
    uint64_t in_at = secret(m, i, in), out_at = secret(m, i, out); /* the core reads them there */
    crossing(&f, &(struct words){in_at, in_at, out_at, out_at});
    f.near[SP_FROM] = control_at(i);
    f.near[CALLER] = i;
    f.near[CALLS] = core->n_calls;
    f.far[CORE_CALLS] = core->keyed_calls;
    uint64_t common = PUT(m, call, &f);
    for (uint32_t n = 0; n < core->n_calls; n++) {
        m->entry[i][n] = here(m);
        bytes(m, "\x41\xb9", 2); /* mov $n, %r9d */
        word(m, n);
        bytes(m, "\xe9", 1); /* jmp */
        distance(m, common);
    }
    return good;
}

/* The core's way into compartment i. */
static bool put_down(struct maker *m, uint32_t i)
{
    struct fill f = {0};
    uint64_t in, out;
    bool good = draw(&in, pkru_of(m, i)) && draw(&out, 0);
    uint64_t in_at = secret(m, i, in), out_at = secret(m, i, out);
    crossing(&f, &(struct words){in_at, in_at, out_at, out_at});
    f.near[FRAME] = BH_FRAME_DOWN(i);
    struct bh_mpk_compartment *c = &m->mpk.compartments[i];
    c->down = PUT(m, down, &f);
    c->domain = m->k->domain[i];
    for (uint32_t n = 0; n < m->k->a->n_edges; n++) {
        const struct edge *e = &m->k->a->edges[n];
        c->guests |= e->from == i && edge_light(m->k->a, e) ? 1ull << e->to : 0;
    }
    return good;
}

static bool put_gates(struct maker *m, uint32_t i, struct problem *p)
{
    const struct compartment *c = &m->k->a->compartments[i];
    for (uint32_t n = 0; n < c->n_imports; n++) {
        const struct edge *e = keyed_import(m->k, i, &c->imports[n]);
        uint64_t *gate = &m->gates[m->n_gates++];
        *gate = m->entry[i][0];
        if (e && !put_gate(m, e, &c->imports[n], gate, p))
            return false;
    }
    return true;
}

/* Whether the code holds the WRPKRUs of the templates and no other: a distance may contain one by chance. */
static bool clean(const struct maker *m)
{
    const char *what;
    uint32_t found = 0;
    for (size_t at = 0; (at = scan_bytes(m->code, m->used, at, &what)) < m->used; at++)
        found++;
    return found == m->crossings;
}

/* `start`: where in its pages the code begins, so that another try has other distances. */
static bool make(struct maker *m, uint32_t start, struct problem *p)
{
    const struct appliance *a = m->k->a;
    bool good = true;
    m->used = start;
    m->crossings = m->n_tables = m->n_gates = 0;
    memset(m->n_secrets, 0, sizeof(m->n_secrets));
    memset(m->code, 0xcc, BH_MPK_CODE_MAX);
    memset(&m->mpk, 0, sizeof(m->mpk));
    for (uint32_t i = 0; i < a->n_edges; i++)
        good &= !keyed_here(m->k, &a->edges[i]) || put_secrets(m, &a->edges[i]);
    for (uint32_t i = 0; i < a->n_compartments; i++)
        good &= !vm_holds(a, m->k->vm, i) || (put_core_calls(m, i) && put_down(m, i));
    if (!good)
        return problem_set(p, EXIT_HOST, "no random numbers");
    for (uint32_t i = 0; i < a->n_compartments; i++)
        if (vm_holds(a, m->k->vm, i) && !put_gates(m, i, p))
            return false;
    return true;
}

/* ---- Memory ---- */

/* Bytes of code, entries of the table of constants, and imports, at most. */
static uint64_t code_bound(const struct resources *w, const struct keys *k, uint64_t *constants, uint64_t *imports)
{
    const struct appliance *a = k->a;
    uint64_t gate = (uint64_t)(bh_mpk_full_end - bh_mpk_full) + 32;
    uint64_t own = (uint64_t)(bh_mpk_call_end - bh_mpk_call) + (uint64_t)(bh_mpk_down_end - bh_mpk_down) + 64;
    uint64_t bytes = 16 * TRIES;
    *constants = *imports = 1;
    for (uint32_t i = 0; i < a->n_compartments; i++) {
        const struct compartment *c = &a->compartments[i];
        if (!vm_holds(a, k->vm, i))
            continue;
        bytes += own + (uint64_t)w->core.header.core.n_calls * ENTRY_MAX;
        *imports += c->n_imports;
        for (uint32_t n = 0; n < c->n_imports; n++) {
            bool keyed = keyed_import(k, i, &c->imports[n]);
            bytes += keyed ? gate : 0;
            *constants += keyed ? 2 : 0;
        }
    }
    return bytes;
}

static bool add(struct guest_memory *m, uint64_t va, uint64_t size, uint32_t perms, struct problem *p)
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
    uint64_t constants, imports, code = code_bound(w, k, &constants, &imports);
    if (code > BH_MPK_CODE_MAX || constants > BH_MPK_TABLES_MAX / 8)
        return full(p, k->vm);
    struct region stacks = {.va = BH_MPK_STACK(0),
                            .size = BH_MPK_STACK_SIZE,
                            .stride = BH_MPK_STACK_SIZE + PAGE,
                            .count = k->a->vms[k->vm].n_threads,
                            .perms = PERM_R | PERM_W | PERM_U};
    if (!slots_have_room(w, k, p) || !add(m, BH_MPK_CODE_VA, code, PERM_X, p) ||
        !add(m, BH_MPK_PUBLIC_VA, PAGE, PERM_W, p) || !add(m, BH_MPK_TABLES_VA, 8 * constants, 0, p) ||
        !add(m, BH_MPK_CORE_VA, sizeof(struct bh_mpk), PERM_W, p) || !memory_add(m, &stacks, p))
        return false;
    for (uint32_t d = 0; d < k->n_domains; d++)
        if (!add(m, BH_MPK_SECRETS_VA(d), BH_MPK_SECRETS_SIZE, 0, p))
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

static bool write_gates(const struct maker *m, uint32_t i, const uint64_t *gates, struct guest_memory *memory)
{
    uint64_t table = BH_COMPARTMENT_BASE(i) + BH_GATES_OFF;
    uint64_t at = table + sizeof(struct bh_gate_table) + offsetof(struct bh_import, gate);
    bool good = memory_fill(memory, (struct guest_va){table + offsetof(struct bh_gate_table, core)}, m->entry[i],
                            8ull * m->w->core.header.core.n_calls);
    for (uint32_t n = 0; good && n < m->k->a->compartments[i].n_imports; n++, at += sizeof(struct bh_import))
        good = memory_fill(memory, (struct guest_va){at}, &gates[n], sizeof(gates[n]));
    return good;
}

static bool write_all(const struct maker *m, struct guest_memory *memory)
{
    uint64_t thread = BH_TLS_TP(0);
    const struct appliance *a = m->k->a;
    bool good = memory_fill(memory, (struct guest_va){BH_MPK_CODE_VA}, m->code, m->used) &&
                memory_fill(memory, (struct guest_va){BH_MPK_TABLES_VA}, m->tables, 8ull * m->n_tables) &&
                memory_fill(memory, (struct guest_va){BH_MPK_PUBLIC_VA}, &thread, sizeof(thread)) &&
                memory_fill(memory, (struct guest_va){BH_MPK_CORE_VA}, &m->mpk, sizeof(m->mpk));
    for (uint32_t d = 0; good && d < m->k->n_domains; d++)
        good = memory_fill(memory, (struct guest_va){BH_MPK_SECRETS_VA(d)}, m->secrets[d], 8ull * m->n_secrets[d]);
    const uint64_t *gates = m->gates;
    for (uint32_t i = 0; good && i < a->n_compartments; i++) {
        if (vm_holds(a, m->k->vm, i)) {
            good = write_gates(m, i, gates, memory);
            gates += a->compartments[i].n_imports;
        }
    }
    return good;
}

static void free_maker(struct maker *m)
{
    if (m) {
        explicit_bzero(m->secrets, sizeof(m->secrets));
        free(m->code);
        free(m->tables);
        free(m->gates);
        free(m);
    }
}

bool trampolines_write(const struct resources *w, const struct keys *k, struct guest_memory *memory, struct problem *p)
{
    uint64_t constants, imports;
    struct maker *m = calloc(1, sizeof(*m));
    code_bound(w, k, &constants, &imports);
    bool good = m && (m->code = malloc(BH_MPK_CODE_MAX)) && (m->tables = calloc(constants, 8)) &&
                (m->gates = calloc(imports, 8));
    if (!good) {
        problem_set(p, EXIT_HOST, "out of memory");
    } else {
        uint32_t tries = 0;
        m->w = w;
        m->k = k;
        do {
            good = make(m, 16 * tries, p);
        } while (good && !clean(m) && ++tries < TRIES);
        if (good && (tries == TRIES || !write_all(m, memory)))
            good = problem_set(p, EXIT_HOST, "the trampolines are not mapped");
    }
    free_maker(m);
    return good;
}
