/* Code and tables of a VM with protection keys.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/trampolines.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "rpc/gate.h"
#include "vmm/scan.h"

/* guest/kernel/mpk/trampolines.S */
#define TEMPLATE(name) extern const uint8_t bh_mpk_##name[], bh_mpk_##name##_end[]
TEMPLATE(full);
TEMPLATE(light);
TEMPLATE(call);
TEMPLATE(down);
TEMPLATE(refuse);

/* Placeholders: 32-bit fields 0x7b0aNNNN, and 64-bit ones made of two 0x7b0bNNNN. */
enum hole {
    PKRU_FROM = 1,
    PKRU_TO,
    TOKEN_FROM,
    TOKEN_TO,
    SP_FROM,
    SP_TO,
    SECRET_FROM,
    SECRET_TO,
    FRAME,
    EDGE,
    FUNCTIONS,
    CALLER,
    STACKS,
    CALLS,
    HOLES,
};
enum wide_hole { CURRENT = 1, TABLE, SECRET_CORE, WIDE_HOLES };
#define HOLE(n)      (0x7b0a0000u | (n))
#define WIDE_HOLE(n) (0x7b0b00007b0b0000ull | (uint64_t)(n) << 32 | (n))

struct fill {
    uint32_t narrow[HOLES];
    uint64_t wide[WIDE_HOLES];
};

#define ENTRY_MAX 16u /* bytes of a core call's entry, or of one comparison of an edge */
#define TRIES     64u /* for secrets without the bytes of a forbidden instruction in them */

struct maker {
    const struct world *w;
    const struct keys *k;
    uint8_t *code; /* BH_MPK_CODE_MAX */
    uint32_t used, crossings;
    uint64_t *tables; /* BH_MPK_TABLES_MAX */
    uint32_t n_tables;
    uint32_t secret[BH_DOMAINS_MAX], core_secret;
    uint64_t refuse;
    uint64_t edge[BH_EDGES_MAX];
    uint64_t entry[BH_COMPARTMENTS_MAX][BH_CORE_CALLS_MAX];
    struct bh_mpk mpk;
};

static bool full(struct problem *p, uint32_t vm)
{
    return problem_set(
        p, EXIT_USAGE,
        "VM %u: its gates between protection keys do not fit: fewer edges or functions", vm);
}

static bool keyed_here(const struct keys *k, const struct edge *e)
{
    return edge_keyed(k->a, e) && vm_holds(k->a, k->vm, e->from);
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
    bytes(m, &value, sizeof value);
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
        uint32_t narrow;
        uint64_t wide = 0;
        const char *what;
        memcpy(&narrow, start + i, sizeof narrow);
        memcpy(&wide, start + i, i + 8 <= size ? sizeof wide : 0);
        if ((narrow >> 16) == HOLE(0) >> 16 && (narrow & 0xffff) < HOLES) {
            memcpy(at + i, &f->narrow[narrow & 0xffff], sizeof narrow);
        } else if ((wide & 0xffff) < WIDE_HOLES && wide == WIDE_HOLE(wide & 0xffff)) {
            memcpy(at + i, &f->wide[wide & 0xffff], sizeof wide);
        }
        m->crossings += i + 3 <= size && scan_bytes(start + i, 3, 0, &what) == 0;
    }
    return va;
}
#define PUT(m, name, f) put(m, bh_mpk_##name, bh_mpk_##name##_end, f)

/* Distance of compartment i's struct bh_control from the thread pointer. */
static uint32_t control_at(uint32_t i, size_t field)
{
    return (uint32_t)(BH_TLS_SEGMENT(0, i) + field - BH_TLS_TP(0));
}

static void leave(const struct maker *m, uint32_t i, struct fill *f)
{
    uint32_t d = m->k->domain[i];
    f->narrow[PKRU_FROM] = keys_pkru(m->k, d);
    f->narrow[TOKEN_FROM] = m->secret[d];
    f->narrow[SP_FROM] = control_at(i, offsetof(struct bh_control, sp));
    f->narrow[SECRET_FROM] = control_at(i, offsetof(struct bh_control, token));
}

static void arrive(const struct maker *m, uint32_t i, struct fill *f)
{
    uint32_t d = m->k->domain[i];
    f->narrow[PKRU_TO] = keys_pkru(m->k, d);
    f->narrow[TOKEN_TO] = m->secret[d];
    f->narrow[SP_TO] = control_at(i, offsetof(struct bh_control, sp));
    f->narrow[SECRET_TO] = control_at(i, offsetof(struct bh_control, token));
}

static struct fill blank(void)
{
    return (struct fill){.wide = {[CURRENT] = BH_MPK_PUBLIC_VA, [SECRET_CORE] = BH_MPK_CORE_VA}};
}

/* The callee's dispatch entries, by function index; only those that the edge grants. Returns the
 * table's address, 0 on failure. */
static uint64_t put_table(struct maker *m, const struct edge *e, struct problem *p)
{
    const struct compartment *to = &m->k->a->compartments[e->to];
    uint64_t *table = m->tables + m->n_tables;
    if (to->n_exports > BH_MPK_TABLES_MAX / 8 - m->n_tables) {
        full(p, m->k->vm);
        return 0;
    }
    for (uint32_t fn = 0; fn < to->n_exports; fn++) {
        bool granted = fn < BH_FUNCTIONS_MAX && (e->granted[fn / 64] >> (fn % 64) & 1);
        table[fn] = granted ? to->exports[fn].dispatch : m->refuse;
        if (granted && !image_covers(&m->w->images[e->to], table[fn], 1, PERM_X)) {
            problem_set(
                p, EXIT_USAGE,
                "compartment %s: function %s of %s is not in its image; build the appliance again",
                to->name, to->exports[fn].name, to->exports[fn].library);
            return 0;
        }
    }
    m->n_tables += to->n_exports;
    return BH_MPK_TABLES_VA + (uint64_t)((uint8_t *)table - (uint8_t *)m->tables);
}

static bool put_edge(struct maker *m, const struct edge *e, struct problem *p)
{
    struct fill f = blank();
    leave(m, e->from, &f);
    arrive(m, e->to, &f);
    f.narrow[FRAME] = BH_FRAME_EDGE(e->index);
    f.narrow[EDGE] = e->index;
    f.narrow[FUNCTIONS] = m->k->a->compartments[e->to].n_exports;
    f.narrow[CALLER] = e->from;
    f.narrow[STACKS] = (uint32_t)((BH_COMPARTMENT_BASE(e->from) + BH_STACKS_OFF) >> 30);
    f.wide[TABLE] = put_table(m, e, p);
    m->edge[e->index] = edge_light(m->k->a, e) ? PUT(m, light, &f) : PUT(m, full, &f);
    return f.wide[TABLE] != 0;
}

/* Entry of core call 0, `call`: gates of local edges do without the core. */
static void put_choice(struct maker *m, uint32_t i)
{
    for (uint32_t n = 0; n < m->k->a->n_edges; n++) {
        const struct edge *e = &m->k->a->edges[n];
        if (e->from == i && keyed_here(m->k, e)) {
            bytes(m, "\x81\x7f\x60", 3); /* cmpl $edge, 96(%rdi): bh_outgoing.edge */
            word(m, e->index);
            bytes(m, "\x0f\x84", 2); /* je */
            distance(m, m->edge[n]);
        }
    }
}

static void put_compartment(struct maker *m, uint32_t i)
{
    const struct bh_core_image *core = &m->w->core.header.core;
    struct fill f = blank();
    leave(m, i, &f);
    f.narrow[TOKEN_TO] = m->core_secret;
    f.narrow[CALLER] = i;
    f.narrow[CALLS] = core->n_calls;
    f.wide[TABLE] = core->keyed_calls;
    uint64_t common = PUT(m, call, &f);
    for (uint32_t n = 0; n < core->n_calls; n++) {
        m->entry[i][n] = here(m);
        if (n == 0) {
            put_choice(m, i);
        }
        bytes(m, "\x41\xb9", 2); /* mov $n, %r9d */
        word(m, n);
        bytes(m, "\xe9", 1); /* jmp */
        distance(m, common);
    }
    f = blank();
    arrive(m, i, &f);
    f.narrow[TOKEN_FROM] = m->core_secret;
    f.narrow[FRAME] = BH_FRAME_DOWN(i);
    struct bh_mpk_compartment *c = &m->mpk.compartments[i];
    c->down = PUT(m, down, &f);
    c->domain = m->k->domain[i];
    c->token = m->secret[c->domain];
    for (uint32_t n = 0; n < m->k->a->n_edges; n++) {
        const struct edge *e = &m->k->a->edges[n];
        c->guests |= e->from == i && edge_light(m->k->a, e) ? 1ull << e->to : 0;
    }
}

/* Whether the code holds the WRPKRUs of the templates and no other: a secret may contain one by
 * chance. */
static bool clean(const struct maker *m)
{
    const char *what;
    uint32_t found = 0;
    for (size_t at = 0; (at = scan_bytes(m->code, m->used, at, &what)) < m->used; at++) {
        found++;
    }
    return found == m->crossings;
}

static bool make(struct maker *m, struct problem *p)
{
    const struct appliance *a = m->k->a;
    if (getrandom(m->secret, sizeof m->secret, 0) != (ssize_t)sizeof m->secret ||
        getrandom(&m->core_secret, sizeof m->core_secret, 0) != (ssize_t)sizeof m->core_secret) {
        return problem_set(p, EXIT_HOST, "no random numbers");
    }
    struct fill f = blank();
    m->used = m->crossings = m->n_tables = 0;
    memset(m->code, 0xcc, BH_MPK_CODE_MAX);
    memset(&m->mpk, 0, sizeof m->mpk);
    m->mpk.token = m->core_secret;
    m->refuse = PUT(m, refuse, &f);
    for (uint32_t i = 0; i < a->n_edges; i++) {
        if (keyed_here(m->k, &a->edges[i]) && !put_edge(m, &a->edges[i], p)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < a->n_compartments; i++) {
        if (vm_holds(a, m->k->vm, i)) {
            put_compartment(m, i);
        }
    }
    return true;
}

/* ---- Memory ---- */

/* Bytes of code, and entries of tables, at most. */
static uint64_t code_bound(const struct world *w, const struct keys *k, uint64_t *table_entries)
{
    const struct appliance *a = k->a;
    uint64_t bytes = 64;
    uint64_t gate = (uint64_t)(bh_mpk_full_end - bh_mpk_full) + 32;
    uint64_t own =
        (uint64_t)(bh_mpk_call_end - bh_mpk_call) + (uint64_t)(bh_mpk_down_end - bh_mpk_down) + 64;
    *table_entries = 1;
    for (uint32_t i = 0; i < a->n_edges; i++) {
        if (keyed_here(k, &a->edges[i])) {
            bytes += gate + ENTRY_MAX;
            *table_entries += a->compartments[a->edges[i].to].n_exports;
        }
    }
    for (uint32_t i = 0; i < a->n_compartments; i++) {
        if (vm_holds(a, k->vm, i)) {
            bytes += own + (uint64_t)w->core.header.core.n_calls * ENTRY_MAX;
        }
    }
    return bytes;
}

static bool add(struct guest_memory *m, uint64_t va, uint64_t size, uint32_t perms,
                struct problem *p)
{
    struct region r = {.va = va,
                       .size = page_up(size),
                       .stride = page_up(size),
                       .count = 1,
                       .perms = perms | PERM_R | PERM_U};
    return memory_add(m, &r, p);
}

/* The templates use the first bytes of every TLS slot. */
static bool slots_have_room(const struct world *w, const struct keys *k, struct problem *p)
{
    for (uint32_t i = 0; i < k->a->n_compartments; i++) {
        const struct bh_image *image = &w->images[i].header.compartment;
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

bool trampolines_plan(const struct world *w, const struct keys *k, struct guest_memory *m,
                      struct problem *p)
{
    uint64_t entries, code = code_bound(w, k, &entries);
    if (code > BH_MPK_CODE_MAX || entries > BH_MPK_TABLES_MAX / 8) {
        return full(p, k->vm);
    }
    struct region stacks = {.va = BH_MPK_STACK(0),
                            .size = BH_MPK_STACK_SIZE,
                            .stride = BH_MPK_STACK_SIZE + PAGE,
                            .count = k->a->vms[k->vm].n_threads,
                            .perms = PERM_R | PERM_W | PERM_U};
    if (!slots_have_room(w, k, p) || !add(m, BH_MPK_CODE_VA, code, PERM_X, p) ||
        !add(m, BH_MPK_PUBLIC_VA, PAGE, PERM_W, p) ||
        !add(m, BH_MPK_TABLES_VA, 8 * entries, 0, p) ||
        !add(m, BH_MPK_CORE_VA, sizeof(struct bh_mpk), PERM_W, p) || !memory_add(m, &stacks, p)) {
        return false;
    }
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

static bool write_all(const struct maker *m, struct guest_memory *memory)
{
    uint64_t thread = BH_TLS_TP(0);
    const struct appliance *a = m->k->a;
    bool good =
        memory_fill(memory, (struct guest_va){BH_MPK_CODE_VA}, m->code, m->used) &&
        memory_fill(memory, (struct guest_va){BH_MPK_TABLES_VA}, m->tables, 8ull * m->n_tables) &&
        memory_fill(memory, (struct guest_va){BH_MPK_PUBLIC_VA}, &thread, sizeof thread) &&
        memory_fill(memory, (struct guest_va){BH_MPK_CORE_VA}, &m->mpk, sizeof m->mpk);
    for (uint32_t i = 0; good && i < a->n_compartments; i++) {
        uint64_t at = BH_COMPARTMENT_BASE(i) + BH_GATES_OFF + offsetof(struct bh_gate_table, core);
        good = !vm_holds(a, m->k->vm, i) || memory_fill(memory, (struct guest_va){at}, m->entry[i],
                                                        8ull * m->w->core.header.core.n_calls);
    }
    return good;
}

bool trampolines_write(const struct world *w, const struct keys *k, struct guest_memory *memory,
                       struct problem *p)
{
    struct maker *m = calloc(1, sizeof *m);
    bool good =
        m && (m->code = malloc(BH_MPK_CODE_MAX)) && (m->tables = calloc(1, BH_MPK_TABLES_MAX));
    if (!good) {
        problem_set(p, EXIT_HOST, "out of memory");
    } else {
        uint32_t tries = 0;
        m->w = w;
        m->k = k;
        do {
            good = make(m, p);
        } while (good && !clean(m) && ++tries < TRIES);
        if (good && (tries == TRIES || !write_all(m, memory))) {
            good = problem_set(p, EXIT_HOST, "the trampolines are not mapped");
        }
    }
    if (m) {
        free(m->code);
        free(m->tables);
        free(m);
    }
    return good;
}
