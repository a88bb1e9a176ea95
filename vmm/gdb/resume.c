/* Going on (vCont) and stops, in all-stop and in non-stop mode.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/gdb/resume.h"

#include "vmm/gdb/reply.h"
#include "vmm/gdb/vms.h"

#define ACTIONS_MAX 64u

struct action {
    char what; /* c s t */
    struct debug_going going;
    struct gdb_id id;
};

static bool parse_action(const char **at, struct action *a)
{
    uint64_t signal = 0;
    *a = (struct action){.what = **at, .id = {-1, -1}};
    (*at)++;
    switch (a->what) {
    case 'C':
    case 'S':
        if (!gdb_number(at, &signal))
            return false;
        break;
    case 'r':
        if (!gdb_number(at, &a->going.start) || !gdb_word(at, ",") || !gdb_number(at, &a->going.end))
            return false;
        break;
    case 'c':
    case 's':
    case 't':
        break;
    default:
        return false;
    }
    a->going.signal = (uint32_t)signal & 0xff;
    a->going.how = a->what == 's' || a->what == 'S' || a->what == 'r' ? DEBUG_STEP : DEBUG_CONTINUE;
    return !gdb_word(at, ":") || gdb_thread_id(at, &a->id);
}

static bool is_meant(const struct action *a, uint32_t v)
{
    return a->id.process <= 0 || a->id.process == (int64_t)v + 1;
}

/* What is to become of a VM. All its threads go on if one does; a step of one of them counts most. NULL: nothing. */
static const struct action *choose_action(const struct action *list, uint32_t n, uint32_t v)
{
    const struct action *chosen = NULL;
    for (uint32_t i = 0; i < n; i++)
        if (is_meant(&list[i], v) &&
            (!chosen || (chosen->going.how != DEBUG_STEP && list[i].going.how == DEBUG_STEP && list[i].id.thread > 0)))
            chosen = &list[i];
    return chosen;
}

static void apply_action(struct gdb *g, uint32_t v, const struct action *a)
{
    struct gdb_vm *vm = &g->vms[v];
    if (a->what == 't') {
        gdb_stop(g, v);
    } else if (vm->standing && !vm->report) {
        bool one = a->id.thread > 0 && !g->non_stop;
        gdb_run(g, v, &a->going, one ? (uint32_t)a->id.thread - 1 : DEBUG_ANY_THREAD);
    }
}

void gdb_vcont(struct gdb *g, const char *at)
{
    static struct action list[ACTIONS_MAX];
    uint32_t n = 0;
    g->reserved = false;
    while (gdb_word(&at, ";")) {
        if (n == ACTIONS_MAX || !parse_action(&at, &list[n++])) {
            gdb_reply(g, "E01");
            return;
        }
    }
    if (!n || *at) {
        gdb_reply(g, "E01");
        return;
    }
    if (g->non_stop)
        gdb_reply(g, "OK");
    g->running = !g->non_stop;
    for (uint32_t v = 0; v < g->a->n_vms; v++) {
        const struct action *a = choose_action(list, n, v);
        if (a && gdb_alive(g, v))
            apply_action(g, v, a);
    }
}

/* The VM whose stop GDB is told next; n_vms: none. */
static uint32_t next_report(const struct gdb *g)
{
    uint32_t v = 0;
    while (v < g->a->n_vms && !g->vms[v].report)
        v++;
    return v;
}

static void report_vm(struct gdb *g, uint32_t v)
{
    struct gdb_text t = {.size = 0};
    gdb_tell_stop(g, &t, v);
    gdb_send(g, &t);
    g->running = false;
}

void gdb_report(struct gdb *g)
{
    uint32_t v = next_report(g), n = g->a->n_vms;
    if (v == n && !g->interrupted)
        return;
    gdb_stop_all(g);
    v = next_report(g);
    for (uint32_t i = 0; v == n && i < n; i++) { /* Ctrl-C: the one that GDB looks at, else any */
        uint32_t candidate = (g->vm + i) % n;
        if (gdb_alive(g, candidate) && g->vms[candidate].standing) {
            v = candidate;
            g->vms[v].stop.signal = 2;
        }
    }
    if (v < n) {
        g->interrupted = false;
        report_vm(g, v);
    }
}

void gdb_notify(struct gdb *g)
{
    uint32_t v = next_report(g);
    if (v == g->a->n_vms || g->notified || g->reserved)
        return;
    struct gdb_text t = {.size = 0};
    gdb_add(&t, "Stop:");
    gdb_tell_stop(g, &t, v);
    gdb_send_notification(g, &t);
    g->notified = true;
}

void gdb_interrupt(struct gdb *g)
{
    if (g->non_stop)
        gdb_stop_all(g);
    else
        g->interrupted = g->running;
}

void gdb_question(struct gdb *g)
{
    uint32_t n = g->a->n_vms, v = n;
    if (!g->non_stop)
        gdb_stop_all(g);
    for (uint32_t i = n; i-- > 0;) {
        if (gdb_alive(g, i) && g->vms[i].standing) {
            g->vms[i].report = g->non_stop;
            v = i;
        }
    }
    if (v == n) {
        gdb_reply(g, g->non_stop ? "OK" : "W00");
    } else {
        if (!g->non_stop)
            g->vms[v].stop.signal = g->vms[v].stop.signal ? g->vms[v].stop.signal : 5;
        g->notified = g->reserved = g->non_stop; /* GDB 13 asserts that there is no second one */
        report_vm(g, v);
    }
}

void gdb_vstopped(struct gdb *g)
{
    uint32_t v = g->reserved ? g->a->n_vms : next_report(g);
    if (v == g->a->n_vms) {
        g->notified = false;
        gdb_reply(g, "OK");
    } else {
        report_vm(g, v);
    }
}
