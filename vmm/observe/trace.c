/* Records gate calls of a running appliance and writes them as a timeline.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/observe/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "vmm/base/clock.h"
#include "vmm/base/json.h"
#include "vmm/base/loop.h"
#include "vmm/observe/sample.h"

#define LOOK_NS 2000000 /* between two looks at the rings */

static volatile sig_atomic_t ended;

static struct {
    struct observed o;
    uint64_t tail[BH_VMS_MAX]; /* next event of each VM */
    struct loop loop;
    struct loop_source supervisor; /* its end */
    struct loop_timer time_over;
    uint64_t taken, lost;
    uint64_t start; /* time stamp counter */
    FILE *out;
} t;

static void on_signal(int signo)
{
    ended = 1;
    (void)signo;
}

static void begin_event(const char *phase, uint32_t v, const struct bh_stats_event *e)
{
    uint64_t cycles = e->time > t.start ? e->time - t.start : 0;
    uint64_t khz = observe_khz(&t.o);
    fprintf(t.out, ",\n{\"ph\":\"%s\",\"pid\":%" PRIu32 ",\"tid\":%u,\"ts\":%.4f", phase, v, e->thread,
            khz ? (double)cycles * 1000 / (double)khz : 0);
}

/* The name of a slice: the function, and its compartment where that is another one. */
static void put_name(const struct edge *edge, const struct bh_stats_event *e)
{
    char name[256];
    const struct compartment *to = &t.o.a.compartments[edge->to];
    bool call = e->kind == BH_STATS_CALL || e->kind == BH_STATS_SERVE;
    const char *peer = e->kind == BH_STATS_CALL       ? to->name
                       : e->kind == BH_STATS_CALLBACK ? t.o.a.compartments[edge->from].name
                                                      : NULL;
    if (call && e->fn < to->n_exports) {
        snprintf(name, sizeof(name), "%s%s%s", peer ? peer : "", peer ? ": " : "", to->exports[e->fn].name);
    } else {
        snprintf(name, sizeof(name), "%s%s%s %u", peer ? peer : "", peer ? ": " : "", call ? "function" : "callback",
                 e->fn);
    }
    fputs(",\"cat\":\"gate\",\"name\":", t.out);
    json_quote(t.out, name);
}

/* An arrow from the slice of the call to the slice that runs it. */
static void put_arrow(uint32_t v, const struct bh_stats_event *e)
{
    bool from = e->kind == BH_STATS_CALL || e->kind == BH_STATS_CALLBACK;
    bool call = e->kind == BH_STATS_CALL || e->kind == BH_STATS_SERVE;
    begin_event(from ? "s" : "f", v, e);
    fprintf(t.out, ",\"cat\":\"gate\",\"name\":\"call\",\"id\":\"%u.%c.%" PRIu32 "\"%s}", e->edge, call ? 'c' : 'b',
            e->seq, from ? "" : ",\"bp\":\"e\"");
}

static void put_event(uint32_t v, const struct bh_stats_event *e)
{
    bool begins = e->phase == 'B';
    if (e->kind == BH_STATS_PARK) {
        begin_event(begins ? "B" : "E", v, e);
        fputs(",\"cat\":\"vm\",\"name\":\"parked\"}", t.out);
        return;
    }
    if (e->edge >= t.o.a.n_edges || e->kind == 0 || e->kind >= BH_STATS_KINDS)
        return; /* the guest wrote something that is no event */
    const struct edge *edge = &t.o.a.edges[e->edge];
    begin_event(begins ? "B" : "E", v, e);
    put_name(edge, e);
    if (!begins) {
        const char *status = observe_status(e->status);
        fprintf(t.out, ",\"args\":{\"status\":\"%s\"}", status ? status : "?");
    }
    fputc('}', t.out);
    if (begins)
        put_arrow(v, e);
}

/* Takes what VM v recorded since. An event counts if it was not overwritten before it had been copied. */
static void take_events(uint32_t v)
{
    const struct bh_stats *s = t.o.vms[v].guest;
    uint64_t head = atomic_load_explicit(&((struct bh_stats *)s)->n_trace, memory_order_acquire);
    if (head < t.tail[v])
        t.tail[v] = head; /* it began anew */
    if (head - t.tail[v] > BH_STATS_TRACE) {
        t.lost += head - t.tail[v] - BH_STATS_TRACE;
        t.tail[v] = head - BH_STATS_TRACE;
    }
    for (; t.tail[v] < head; t.tail[v]++) {
        struct bh_stats_event e;
        memcpy(&e, &s->trace[t.tail[v] % BH_STATS_TRACE], sizeof(e));
        atomic_thread_fence(memory_order_acquire);
        uint64_t now = atomic_load_explicit(&((struct bh_stats *)s)->n_trace, memory_order_relaxed);
        if (now - t.tail[v] >= BH_STATS_TRACE) {
            t.lost++;
            continue;
        }
        put_event(v, &e);
        t.taken++;
    }
}

static void put_names(void)
{
    fputs("{\"traceEvents\":[\n{\"ph\":\"M\",\"pid\":0,\"name\":\"process_labels\",\"args\":{\"labels\":\"Bulkhead\"}}",
          t.out);
    for (uint32_t v = 0; v < t.o.a.n_vms; v++) {
        char name[512];
        int used = snprintf(name, sizeof(name), "VM %" PRIu32 ":", v);
        for (uint32_t i = 0; i < t.o.a.n_compartments; i++)
            if ((t.o.a.vms[v].compartments >> i & 1) && used < (int)sizeof(name))
                used += snprintf(name + used, sizeof(name) - (size_t)used, " %s", t.o.a.compartments[i].name);
        fprintf(t.out, ",\n{\"ph\":\"M\",\"pid\":%" PRIu32 ",\"name\":\"process_name\",\"args\":{\"name\":", v);
        json_quote(t.out, name);
        fputs("}}", t.out);
    }
}

static void take_all(void)
{
    for (uint32_t v = 0; v < t.o.a.n_vms; v++)
        take_events(v);
}

static void on_supervisor(void *argument, short revents)
{
    if (!observe_alive(&t.o))
        ended = 1;
}

static void on_time_over(void *argument)
{
    ended = 1;
}

/* Records until the time is over, a signal comes, or the appliance ends. */
static void record_events(uint64_t ms)
{
    const struct control_request wish = {.ask = CONTROL_TRACE};
    uint64_t start = clock_ns();
    for (uint32_t v = 0; v < t.o.a.n_vms; v++)
        t.tail[v] = atomic_load_explicit(&((struct bh_stats *)t.o.vms[v].guest)->n_trace, memory_order_acquire);
    t.start = clock_cycles();
    if (send(t.o.socket, &wish, sizeof(wish), MSG_NOSIGNAL) != (ssize_t)sizeof(wish))
        return;
    loop_add(&t.loop, &t.supervisor, t.o.socket, POLLIN, on_supervisor, NULL);
    t.time_over.function = on_time_over;
    loop_timer_set(&t.loop, &t.time_over, ms ? start + ms * (CLOCK_SECOND / 1000) : 0);
    while (!ended) {
        take_all();
        loop_turn(&t.loop, LOOK_NS);
    }
    take_all();
}

int trace(const struct trace_options *o)
{
    struct problem p = {0};
    struct rundir dir;
    struct sigaction end = {.sa_handler = on_signal};
    if (!rundir_choose(o->which, &dir, &p) || !observe_connect(&t.o, &dir, &p))
        return problem_print(&p);
    if (!loop_init(&t.loop, 1)) {
        problem_set(&p, EXIT_HOST, "out of memory");
        return problem_print(&p);
    }
    t.out = fopen(o->file, "we");
    if (!t.out) {
        problem_set(&p, EXIT_USAGE, "%s: %s", o->file, strerror(errno));
        return problem_print(&p);
    }
    sigaction(SIGINT, &end, NULL);
    sigaction(SIGTERM, &end, NULL);
    put_names();
    record_events(o->ms);
    fprintf(t.out, "\n],\"displayTimeUnit\":\"ns\",\"otherData\":{\"lost\":%" PRIu64 "}}\n", t.lost);
    if (fclose(t.out)) {
        problem_set(&p, EXIT_HOST, "%s: %s", o->file, strerror(errno));
        return problem_print(&p);
    }
    observe_close(&t.o);
    fprintf(stderr, "%s: %" PRIu64 " events, %" PRIu64 " lost%s\n", o->file, t.taken, t.lost,
            t.lost ? ": they came faster than they could be written" : "");
    return 0;
}
