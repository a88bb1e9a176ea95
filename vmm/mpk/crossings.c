/* Fills the templates in, and draws the secrets that they check.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/mpk/crossings.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "rpc/gate.h"
#include "vmm/mpk/gates.h"
#include "vmm/mpk/scan.h"
#include "vmm/mpk/templates.h"

#define ENTRY_MAX   16u /* bytes of a core call's entry */
#define COUNT_BYTES 7u  /* of the instruction that counts */
#define TRIES       64u /* for distances without the bytes of a forbidden instruction in them */

struct fill {
    uint32_t near[HOLES];
    uint64_t far[FAR_HOLES];
};

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

static uint64_t code_va(const struct crossings *m)
{
    return BH_MPK_CODE_VA + m->used;
}

static void put_bytes(struct crossings *m, const void *from, uint32_t n)
{
    memcpy(m->code + m->used, from, n);
    m->used += n;
}

static void put_word(struct crossings *m, uint32_t value)
{
    put_bytes(m, &value, sizeof(value));
}

/* The 32-bit distance of `target` from the end of an instruction that ends with it. */
static void put_distance(struct crossings *m, uint64_t target)
{
    put_word(m, (uint32_t)(target - (code_va(m) + 4)));
}

/* Copies a template and fills its holes; returns its address. */
static uint64_t put_template(struct crossings *m, const uint8_t *start, const uint8_t *end, const struct fill *f)
{
    m->used = (m->used + 15) & ~15u;
    uint64_t va = code_va(m);
    uint8_t *at = m->code + m->used;
    uint32_t size = (uint32_t)(end - start);
    put_bytes(m, start, size);
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
        m->n_wrpkru += scan_bytes(start + i, 3, 0, &what) == 0;
    }
    return va;
}
#define PUT(m, name, f) put_template(m, bh_mpk_##name, bh_mpk_##name##_end, f)

/* A constant that all may read. */
static uint64_t add_constant(struct crossings *m, uint64_t value)
{
    m->tables[m->n_tables] = value;
    return BH_MPK_TABLES_VA + 8ull * m->n_tables++;
}

/* A word in memory of compartment i's domain, which nobody can write. */
static uint64_t add_secret(struct crossings *m, uint32_t i, uint64_t value)
{
    uint32_t d = m->k->domain[i];
    m->secrets[d][m->n_secrets[d]] = value;
    return BH_MPK_SECRETS_VA(d) + 8ull * m->n_secrets[d]++;
}

/* What rax holds at the WRPKRU that enters with `pkru`: that, and above it 32 random bits. False: there are none. */
static bool draw_secret(uint64_t *word, uint32_t pkru)
{
    uint32_t random;
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return false;
    *word = (uint64_t)random << 32 | pkru;
    return true;
}

static uint32_t pkru_of(const struct crossings *m, uint32_t i)
{
    return keys_pkru(m->k, m->k->domain[i]);
}

static void fill_crossing(struct fill *f, const struct words *s)
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
static bool put_secrets(struct crossings *m, const struct edge *e)
{
    uint64_t in, out;
    if (!draw_secret(&in, pkru_of(m, e->to)) || !draw_secret(&out, pkru_of(m, e->from)))
        return false;
    m->edge[e->index] = (struct words){.in_have = add_secret(m, e->from, in),
                                       .in_want = add_secret(m, e->to, in),
                                       .out_have = add_secret(m, e->to, out),
                                       .out_want = add_secret(m, e->from, out)};
    return true;
}

/* An instruction that counts a call, with the rights of the domain that makes it. It ends where the gate begins, at a
 * multiple of 16. */
static uint64_t put_count(struct crossings *m, const struct edge *e)
{
    m->used = ((m->used + 15) & ~15u) + 16 - COUNT_BYTES;
    uint64_t va = code_va(m);
    put_bytes(m, "\x48\xff\x05", 3); /* incq distance(%rip) */
    put_distance(m, BH_MPK_COUNTS_VA(m->k->domain[e->from]) + 8ull * e->index);
    return va;
}

/* Gate of one import. */
static bool put_gate(struct crossings *m, const struct edge *e, const struct import_fn *i, uint64_t *gate,
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
    fill_crossing(&f, &m->edge[e->index]);
    f.near[SP_FROM] = control_at(e->from);
    f.near[SP_TO] = control_at(e->to);
    f.near[FRAME] = BH_FRAME_EDGE(e->index);
    f.near[EDGE] = e->index;
    f.far[FUNCTION] = add_constant(m, dispatch);
    f.far[WINDOW] = add_constant(m, BH_COMPARTMENT_BASE(e->from));
    uint64_t count = m->w->o->count_mpk ? put_count(m, e) : 0;
    *gate = edge_light(m->k->a, e) ? PUT(m, light, &f) : PUT(m, full, &f);
    *gate = count ? count : *gate;
    return true;
}

/* Entries of compartment i's core calls. Each passes its number to the code that they have in common. */
static bool put_core_calls(struct crossings *m, uint32_t i)
{
    const struct bh_core_image *core = &m->w->core.header.core;
    struct fill f = {0};
    uint64_t in, out;
    if (!draw_secret(&in, 0) || !draw_secret(&out, pkru_of(m, i)))
        return false;
    uint64_t in_at = add_secret(m, i, in), out_at = add_secret(m, i, out); /* the core reads them there */
    fill_crossing(&f, &(struct words){in_at, in_at, out_at, out_at});
    f.near[SP_FROM] = control_at(i);
    f.near[CALLER] = i;
    f.near[CALLS] = core->n_calls;
    f.far[CORE_CALLS] = core->keyed_calls;
    uint64_t common = PUT(m, call, &f);
    for (uint32_t n = 0; n < core->n_calls; n++) {
        m->entry[i][n] = code_va(m);
        put_bytes(m, "\x41\xb9", 2); /* mov $n, %r9d */
        put_word(m, n);
        put_bytes(m, "\xe9", 1); /* jmp */
        put_distance(m, common);
    }
    return true;
}

/* The core's way into compartment i. */
static bool put_down(struct crossings *m, uint32_t i)
{
    struct fill f = {0};
    uint64_t in, out;
    if (!draw_secret(&in, pkru_of(m, i)) || !draw_secret(&out, 0))
        return false;
    uint64_t in_at = add_secret(m, i, in), out_at = add_secret(m, i, out);
    fill_crossing(&f, &(struct words){in_at, in_at, out_at, out_at});
    f.near[FRAME] = BH_FRAME_DOWN(i);
    struct bh_mpk_compartment *c = &m->mpk.compartments[i];
    c->down = PUT(m, down, &f);
    c->domain = m->k->domain[i];
    for (uint32_t n = 0; n < m->k->a->n_edges; n++) {
        const struct edge *e = &m->k->a->edges[n];
        c->guests |= e->from == i && edge_light(m->k->a, e) ? 1ull << e->to : 0;
    }
    return true;
}

static bool put_gates(struct crossings *m, uint32_t i, struct problem *p)
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
static bool is_clean(const struct crossings *m)
{
    const char *what;
    uint32_t found = 0;
    for (size_t at = 0; (at = scan_bytes(m->code, m->used, at, &what)) < m->used; at++)
        found++;
    return found == m->n_wrpkru;
}

/* `start`: where in its pages the code begins, so that another try has other distances. */
static bool make_code(struct crossings *m, uint32_t start, struct problem *p)
{
    const struct appliance *a = m->k->a;
    bool good = true;
    m->used = start;
    m->n_wrpkru = m->n_tables = m->n_gates = 0;
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

uint64_t crossings_bound(const struct resources *w, const struct keys *k, uint64_t *constants, uint64_t *imports)
{
    const struct appliance *a = k->a;
    uint64_t gate = TEMPLATE_SIZE(full) + 32ull;
    uint64_t own = TEMPLATE_SIZE(call) + TEMPLATE_SIZE(down) + 64ull;
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

static struct crossings *allocate_crossings(const struct resources *w, const struct keys *k)
{
    uint64_t constants, imports;
    struct crossings *m = calloc(1, sizeof(*m));
    crossings_bound(w, k, &constants, &imports);
    if (m && (m->code = malloc(BH_MPK_CODE_MAX)) && (m->tables = calloc(constants, 8)) &&
        (m->gates = calloc(imports, 8))) {
        m->w = w;
        m->k = k;
        return m;
    }
    crossings_free(m);
    return NULL;
}

struct crossings *crossings_make(const struct resources *w, const struct keys *k, struct problem *p)
{
    struct crossings *m = allocate_crossings(w, k);
    if (!m) {
        problem_set(p, EXIT_HOST, "out of memory");
        return NULL;
    }
    for (uint32_t tries = 0; tries < TRIES; tries++) {
        if (!make_code(m, 16 * tries, p)) {
            crossings_free(m);
            return NULL;
        }
        if (is_clean(m))
            return m;
    }
    problem_set(p, EXIT_HOST, "the trampolines are not mapped");
    crossings_free(m);
    return NULL;
}

void crossings_free(struct crossings *m)
{
    if (m) {
        explicit_bzero(m->secrets, sizeof(m->secrets));
        free(m->code);
        free(m->tables);
        free(m->gates);
        free(m);
    }
}
