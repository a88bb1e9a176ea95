/* Every thread of an appliance that stands still: where it is, and what it waits for.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <string.h>

#include "vmm/appliance/address_owner.h"
#include "vmm/crash/postmortem.h"
#include "vmm/image/symbols.h"

#define FRAMES_SHOWN 12u

static void symbol_of(const struct postmortem *p, uint64_t pc, char *text, size_t size)
{
    struct location at;
    struct address_owner o = address_owner_find(p->a, pc);
    const char *image = o.kind == OWN_IMAGE  ? p->a->compartments[o.compartment].image
                        : o.kind == OWN_CORE ? p->core
                                             : NULL;
    snprintf(text, size, "%s", image && symbols_find(image, pc - 1, &at) ? at.symbol : "?");
}

/* The core has a few frames of its own below a wait. */
#define INNERMOST 10

/* Whether one of the first frames is in `function`. */
static bool is_in(const struct postmortem *p, const struct frames *f, const char *function)
{
    for (uint32_t i = 0; i < f->n && i < INNERMOST; i++) {
        char name[128];
        symbol_of(p, f->pc[i], name, sizeof(name));
        if (strcmp(name, function) == 0)
            return true;
    }
    return false;
}

/* Waiting in one of these means that another thread was to end it. */
static bool waits_for_another(const struct postmortem *p, const struct frames *f)
{
    static const char *const functions[] = {"bh_mutex_lock", "bh_sem_wait", "bh_cond_wait", "pthread_join"};
    for (unsigned i = 0; i < sizeof(functions) / sizeof(*functions); i++)
        if (is_in(p, f, functions[i]))
            return true;
    return false;
}

bool postmortem_stuck(const struct postmortem *p)
{
    for (uint32_t v = 0; v < p->a->n_vms; v++) {
        struct core_thread t;
        for (uint32_t n = 0; coredump_nth(&p->cores[v], n, &t); n++) {
            struct frames f;
            if (t.id < BH_THREADS_MAX && p->stats[v] && p->stats[v]->threads[t.id].out.kind)
                return true;
            unwind(p, v, t.registers, &f);
            if (waits_for_another(p, &f))
                return true;
        }
    }
    return false;
}

static uint64_t field(const struct postmortem *p, uint32_t v, uint32_t thread, uint32_t offset, size_t size)
{
    uint64_t value = 0;
    if (p->debug)
        coredump_read(&p->cores[v], p->debug->threads + (uint64_t)thread * p->debug->stride + offset, &value, size);
    return value;
}

static void print_reason(FILE *out, const struct postmortem *p, uint32_t v, uint32_t thread, const struct frames *f)
{
    struct bh_stats_call call = {0};
    if (p->stats[v] && thread < BH_THREADS_MAX)
        memcpy(&call, &p->stats[v]->threads[thread].out, sizeof(call));
    uint64_t key = field(p, v, thread, p->debug->wait_channel, sizeof(key));
    if (call.kind == BH_STATS_CALL && call.edge < p->a->n_edges) {
        const struct edge *e = &p->a->edges[call.edge];
        const struct compartment *to = &p->a->compartments[e->to];
        fprintf(out, "waits for the reply of %s() from compartment \"%s\"\n",
                call.fn < to->n_exports ? to->exports[call.fn].name : "?", to->name);
    } else if (is_in(p, f, "bh_mutex_lock")) {
        char text[512];
        uint32_t owner = 0;
        address_owner_describe(p->a, p->core, key, text, sizeof(text));
        coredump_read(&p->cores[v], key, &owner, sizeof(owner));
        fprintf(out, "waits for the mutex at %#" PRIx64 ": %s", key, text);
        if (owner)
            fprintf(out, "; thread %" PRIu32 " holds it", owner - 1);
        fputc('\n', out);
    } else {
        char text[512];
        address_owner_describe(p->a, p->core, key, text, sizeof(text));
        fprintf(out, "waits to be woken at %#" PRIx64 ": %s\n", key, text);
    }
}

static void print_thread(FILE *out, const struct postmortem *p, uint32_t v, const struct core_thread *t)
{
    struct frames f;
    uint32_t thread = t->id, i = (uint32_t)field(p, v, thread, p->debug->compartment, sizeof(uint32_t));
    unwind(p, v, t->registers, &f);
    if (is_in(p, &f, "worker_main"))
        return; /* has nothing to do: it does not wait for anybody in particular */
    fprintf(out, "  thread    %" PRIu32 " of VM %" PRIu32 ", compartment \"%s\", ", thread, v,
            i < p->a->n_compartments ? p->a->compartments[i].name : "?");
    print_reason(out, p, v, thread, &f);
    for (uint32_t n = 0; n < f.n && n < FRAMES_SHOWN; n++) {
        struct address_owner o = address_owner_find(p->a, f.pc[n]);
        if (o.kind == OWN_CORE)
            continue; /* how it waits: the same for all */
        if (o.kind != OWN_IMAGE)
            break;
        char brief[512] = "?";
        struct location at;
        if (symbols_find(p->a->compartments[o.compartment].image, f.pc[n] - f.call[n], &at))
            location_brief(&at, brief, sizeof(brief));
        fprintf(out, "    %#014" PRIx64 " [%s] %s\n", f.pc[n], p->a->compartments[o.compartment].name, brief);
    }
}

void postmortem_threads(FILE *out, const struct postmortem *p)
{
    for (uint32_t v = 0; p->debug && v < p->a->n_vms; v++) {
        struct core_thread t;
        for (uint32_t n = 0; coredump_nth(&p->cores[v], n, &t); n++)
            print_thread(out, p, v, &t);
    }
}
