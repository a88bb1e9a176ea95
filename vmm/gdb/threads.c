/* Lists the threads of VMs.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/gdb/threads.h"

#include "rpc/core_calls.h"
#include "vmm/gdb/reply.h"
#include "vmm/gdb/vms.h"

bool gdb_threads(struct gdb *g, uint32_t v, struct debug_answer *a)
{
    static struct debug_request q;
    q = (struct debug_request){.ask = DEBUG_THREADS};
    if (g->non_stop || !g->vms[v].standing) {
        a->size = 1;
        a->threads[0] = (struct debug_thread){.id = 0, .state = DEBUG_THREAD_RUNS, .compartment = BH_NO_PEER};
        return true;
    }
    if (!gdb_ask(g, v, &q, a) || !a->size || a->size > DEBUG_THREADS_MAX)
        return false;
    for (uint64_t i = 0; i < a->size; i++)
        if (a->threads[i].id >= BH_THREADS_MAX)
            return false;
    return true;
}

const char *gdb_thread_compartment(const struct appliance *a, uint32_t v, const struct debug_thread *t)
{
    uint32_t i = t->compartment;
    if (i >= a->n_compartments || a->compartments[i].vm != v)
        i = (uint32_t)__builtin_ctzll(a->vms[v].compartments);
    return a->compartments[i].name; /* letters, digits, '-' and '_': scripts/composer/schema.py */
}

const char *gdb_thread_state(const struct debug_thread *t)
{
    return t->state == DEBUG_THREAD_RUNS    ? "runs"
           : t->state == DEBUG_THREAD_READY ? "is ready"
           : t->has_deadline                ? "waits, with a deadline"
                                            : "waits";
}

void gdb_threads_xml(struct gdb *g, FILE *out)
{
    static struct debug_answer a;
    fputs("<?xml version=\"1.0\"?><threads>", out);
    for (uint32_t v = 0; v < g->a->n_vms; v++) {
        if (!gdb_alive(g, v) || !gdb_threads(g, v, &a))
            continue;
        for (uint64_t i = 0; i < a.size; i++) {
            const struct debug_thread *t = &a.threads[i];
            fprintf(out, "<thread id=\"p%x.%x\" name=\"%s\">%s</thread>", v + 1, gdb_thread_number(g, t->id),
                    gdb_thread_compartment(g->a, v, t), gdb_thread_state(t));
        }
    }
    fputs("</threads>", out);
}
