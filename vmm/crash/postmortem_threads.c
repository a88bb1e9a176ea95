/* Prints where each thread of an appliance is, and what it waits for.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/crash/postmortem_threads.h"

#include <inttypes.h>
#include <string.h>

#include "rpc/image.h"
#include "vmm/appliance/address_owner.h"
#include "vmm/crash/postmortem_unwind.h"
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

/* A waiting thread has a few frames of the core on top. */
#define INNERMOST 10

bool postmortem_is_in(const struct postmortem *p, const struct frames *f, const char *function)
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
        if (postmortem_is_in(p, f, functions[i]))
            return true;
    return false;
}

bool postmortem_stuck(const struct postmortem *p)
{
    for (uint32_t v = 0; v < p->a->n_vms; v++) {
        struct coredump_thread t;
        for (uint32_t n = 0; coredump_nth(&p->vms[v].core, n, &t); n++) {
            struct frames f;
            if (t.id < BH_THREADS_MAX && p->vms[v].stats && p->vms[v].stats->threads[t.id].out.kind)
                return true;
            postmortem_unwind(p, v, t.registers, &f);
            if (waits_for_another(p, &f))
                return true;
        }
    }
    return false;
}

static uint64_t thread_field(const struct postmortem *p, uint32_t v, uint32_t thread, uint32_t offset, size_t size)
{
    uint64_t value = 0;
    if (p->debug)
        coredump_read(&p->vms[v].core, p->debug->threads + (uint64_t)thread * p->debug->stride + offset, &value, size);
    return value;
}

static void print_reason(FILE *out, const struct postmortem *p, uint32_t v, uint32_t thread, const struct frames *f)
{
    struct bh_stats_call call = {0};
    if (p->vms[v].stats && thread < BH_THREADS_MAX)
        memcpy(&call, &p->vms[v].stats->threads[thread].out, sizeof(call));
    uint64_t key = thread_field(p, v, thread, p->debug->wait_channel, sizeof(key));
    if (call.kind == BH_STATS_CALL && call.edge < p->a->n_edges) {
        const struct edge *e = &p->a->edges[call.edge];
        const struct compartment *to = &p->a->compartments[e->to];
        fprintf(out, "waits for the reply of %s() from compartment \"%s\"\n",
                call.fn < to->n_exports ? to->exports[call.fn].name : "?", to->name);
    } else if (postmortem_is_in(p, f, "bh_mutex_lock")) {
        char text[512];
        uint32_t owner = 0;
        address_owner_describe(p->a, p->core, key, text, sizeof(text));
        coredump_read(&p->vms[v].core, key, &owner, sizeof(owner));
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

static void print_thread(FILE *out, const struct postmortem *p, uint32_t v, const struct coredump_thread *t)
{
    struct frames f;
    uint32_t thread = t->id, i = (uint32_t)thread_field(p, v, thread, p->debug->compartment, sizeof(uint32_t));
    postmortem_unwind(p, v, t->registers, &f);
    if (postmortem_is_in(p, &f, "worker_main"))
        return; /* it has nothing to do, and waits for nobody in particular */
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
        struct coredump_thread t;
        for (uint32_t n = 0; coredump_nth(&p->vms[v].core, n, &t); n++)
            print_thread(out, p, v, &t);
    }
}
