/* Prints stacks across gates, the instruction and the last calls: the long part of a crash report.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/crash/postmortem.h"

#include <inttypes.h>
#include <string.h>

#include "rpc/mpk.h"
#include "vmm/crash/instruction.h"
#include "vmm/crash/postmortem_threads.h"
#include "vmm/mpk/keys.h"
#include "vmm/observe/sample.h"
#include "vmm/appliance/address_owner.h"
#include "vmm/crash/report.h"
#include "vmm/image/symbols.h"

#define HOPS_MAX 16u
#define CORE     UINT32_MAX /* in place of a compartment */

/* A thread whose stack has been shown in part: it runs a callback, so that it is met again as the one that made the
 * call which the callback belongs to. */
struct visit {
    uint32_t vm, thread;
    uint32_t shown;   /* frames */
    uint32_t served;  /* calls that it serves and that have been followed to their callers */
    uint32_t edge;    /* of the callback; CORE: it is not to be met again */
    char symbol[128]; /* the function that it was called to run, or empty */
};

/* elf_gregset_t's order. */
enum { R15, R14, R13, R12, RBP, RBX, RIP = 16, RSP = 19 };

/* A thread on the way from the crash to the caller at the far end. */
struct place {
    uint32_t vm, thread;
    uint32_t compartment; /* or CORE */
    unsigned long long registers[ELF_NGREG];
    /* In a VM with protection keys: the innermost frame that each compartment left. */
    uint64_t sp[BH_COMPARTMENTS_MAX], core_sp;
};

static const char *name_of(const struct postmortem *p, uint32_t compartment)
{
    return compartment < p->a->n_compartments ? p->a->compartments[compartment].name : "the core";
}

static const struct edge *edge_of(const struct postmortem *p, uint32_t edge)
{
    return edge < p->a->n_edges ? &p->a->edges[edge] : NULL;
}

/* "greeter_peek()", or "callback 2". */
static void function_name(const struct postmortem *p, const struct edge *e, const struct bh_stats_call *call,
                          char *text, size_t size)
{
    const struct compartment *to = &p->a->compartments[e->to];
    if (call->kind == BH_STATS_CALLBACK || call->kind == BH_STATS_RUN_BACK)
        snprintf(text, size, "callback %u", call->fn);
    else if (call->fn < to->n_exports)
        snprintf(text, size, "%s()", to->exports[call->fn].name);
    else
        snprintf(text, size, "function %u", call->fn);
}

static struct bh_stats_thread calls_of(const struct postmortem *p, uint32_t vm, uint32_t thread)
{
    struct bh_stats_thread t = {0};
    if (p->vms[vm].stats && thread < BH_THREADS_MAX)
        memcpy(&t, &p->vms[vm].stats->threads[thread], sizeof(t));
    return t;
}

/* ---- Frames ---- */

/* False: the frame is nowhere in the images; what follows would be guesses. `symbol` (if it is not NULL) becomes that
 * of a function that somebody wrote. */
static bool print_frame(FILE *out, const struct postmortem *p, uint32_t number, uint64_t pc, bool call, char *symbol)
{
    struct location at;
    char brief[512] = "";
    struct address_owner o = address_owner_find(p->a, pc);
    const char *image = o.kind == OWN_IMAGE  ? p->a->compartments[o.compartment].image
                        : o.kind == OWN_CORE ? p->core
                                             : NULL;
    if (!image && number)
        return false;
    if (image && symbols_find(image, pc - call, &at)) { /* a return address may lie in the next line */
        at.offset += call && at.offset ? 1 : 0;
        location_brief(&at, brief, sizeof(brief));
        if (symbol && o.kind == OWN_IMAGE && strncmp(at.file, "/generated/", 11) != 0)
            memcpy(symbol, at.symbol, sizeof(at.symbol));
    }
    fprintf(out, "    #%-2" PRIu32 " %#014" PRIx64 " [%s] %s\n", number, pc,
            o.kind == OWN_CORE    ? "core"
            : o.kind == OWN_IMAGE ? name_of(p, o.compartment)
                                  : "?",
            brief[0] ? brief : "?");
    return true;
}

/* The core's frames between two of images belong to a gate call that waits while the thread serves another one. Returns
 * where the first such run begins from frame `from` on, or f->n. */
static uint32_t end_of_part(const struct postmortem *p, const struct frames *f, uint32_t from)
{
    uint32_t end = f->n;
    bool image = false;
    for (uint32_t i = from; i < f->n; i++) {
        enum owner_kind kind = address_owner_find(p->a, f->pc[i]).kind;
        if (kind == OWN_CORE && image && end == f->n)
            end = i;
        else if (kind == OWN_IMAGE && end < f->n)
            return end;
        image |= kind == OWN_IMAGE;
    }
    return f->n;
}

/* `v`: prints from where the last time has ended to where the thread serves a call. NULL: everything. */
static void print_frames(FILE *out, const struct postmortem *p, const struct place *at, uint32_t *number,
                         struct visit *v)
{
    struct frames f;
    postmortem_unwind(p, at->vm, at->registers, &f);
    uint32_t i = v ? v->shown : 0, end = v ? end_of_part(p, &f, i) : f.n;
    if (v)
        v->symbol[0] = 0;
    for (; i < end && print_frame(out, p, *number, f.pc[i], f.call[i], v ? v->symbol : NULL); i++)
        ++*number;
    if (v)
        v->shown = i < f.n && i == end ? i : f.n;
}

/* ---- To the caller, within a VM with protection keys (rpc/mpk.h, guest/kernel/mpk/trampolines.S) ---- */

static void open_frames(const struct postmortem *p, struct place *at)
{
    uint64_t tp = BH_TLS_TP(at->thread);
    struct bh_tcb tcb;
    at->core_sp = coredump_read(&p->vms[at->vm].core, tp + BH_TCB_OFF, &tcb, sizeof(tcb)) ? tcb.core_sp : 0;
    for (uint32_t i = 0; i < p->a->n_compartments; i++) {
        struct bh_control c;
        bool here = p->a->compartments[i].vm == at->vm;
        at->sp[i] =
            here && coredump_read(&p->vms[at->vm].core, BH_TLS_SEGMENT(at->thread, i), &c, sizeof(c)) ? c.sp : 0;
    }
}

/* Goes on where the trampoline that left the frame at `sp` was called. `saved`: it holds registers, too. */
static bool leave_frame(const struct postmortem *p, struct place *at, uint64_t sp, bool saved)
{
    uint64_t words[7] = {0};
    uint64_t bytes = (saved ? 7 : 1) * sizeof(*words);
    if (!coredump_read(&p->vms[at->vm].core, sp + sizeof(struct bh_frame), words + (saved ? 0 : 6), bytes))
        return false;
    memset(at->registers, 0, sizeof(at->registers));
    for (unsigned i = 0; i < 6; i++)
        at->registers[R15 + i] = words[i]; /* r15 r14 r13 r12 rbp rbx, as in elf_gregset_t */
    at->registers[RIP] = words[6];
    at->registers[RSP] = sp + sizeof(struct bh_frame) + bytes;
    return true;
}

/* The innermost frame of compartment i, if it is the one wanted: a call over an edge to `to`, or (CORE) into the core.
 */
static bool is_frame(const struct postmortem *p, const struct place *at, uint32_t i, uint32_t to, struct bh_frame *f)
{
    if (!at->sp[i] || !coredump_read(&p->vms[at->vm].core, at->sp[i], f, sizeof(*f)))
        return false;
    const struct edge *e = edge_of(p, f->id - BH_FRAME_EDGE(0));
    return to == CORE ? f->id == BH_FRAME_CORE : e && e->from == i && e->to == to;
}

static bool caller_by_key(FILE *out, const struct postmortem *p, struct place *at)
{
    struct bh_frame f;
    for (uint32_t i = 0; i < p->a->n_compartments; i++) {
        if (!is_frame(p, at, i, at->compartment, &f))
            continue;
        const struct edge *e = at->compartment == CORE ? NULL : edge_of(p, f.id - BH_FRAME_EDGE(0));
        fprintf(out, "    -- gate between protection keys: \"%s\" called %s%s%s --\n", name_of(p, i), e ? "\"" : "",
                name_of(p, at->compartment), e ? "\"" : "");
        bool good = leave_frame(p, at, at->sp[i], false); /* a caller saves its own registers */
        at->sp[i] = f.previous;
        at->compartment = i;
        return good;
    }
    if (at->compartment != CORE && at->core_sp && coredump_read(&p->vms[at->vm].core, at->core_sp, &f, sizeof(f)) &&
        f.id == BH_FRAME_DOWN(at->compartment)) {
        fprintf(out, "    -- the core called \"%s\" --\n", name_of(p, at->compartment));
        bool good = leave_frame(p, at, at->core_sp, true);
        at->core_sp = f.previous;
        at->compartment = CORE;
        return good;
    }
    return false;
}

/* ---- To the caller, in another VM ---- */

static void go_to_thread(struct place *at, uint32_t v, const struct coredump_thread *t)
{
    at->vm = v;
    at->thread = t->id;
    at->compartment = CORE; /* it waits there */
    memcpy(at->registers, t->registers, sizeof(at->registers));
}

/* A callee may crash before the caller has noted its call. The caller is then the thread that runs, which is the first
 * one in the coredump. */
static bool is_calling(const struct postmortem *p, uint32_t v, uint16_t kind, struct coredump_thread *t)
{
    struct frames f;
    if (!coredump_nth(&p->vms[v].core, 0, t) || calls_of(p, v, t->id).out.kind)
        return false;
    postmortem_unwind(p, v, t->registers, &f);
    return postmortem_is_in(p, &f, kind == BH_STATS_CALL ? "gate_call" : "gate_callback");
}

/* The thread of VM v that waits for this call. */
static bool find_waiting(const struct postmortem *p, uint32_t v, const struct bh_stats_call *call, struct place *at)
{
    uint16_t kind = call->kind == BH_STATS_SERVE ? BH_STATS_CALL : BH_STATS_CALLBACK;
    struct coredump_thread t;
    for (uint32_t n = 0; coredump_nth(&p->vms[v].core, n, &t); n++) {
        struct bh_stats_call o = calls_of(p, v, t.id).out;
        if (o.kind == kind && o.edge == call->edge && o.slot == call->slot && o.fn == call->fn) {
            go_to_thread(at, v, &t);
            return true;
        }
    }
    if (is_calling(p, v, kind, &t)) {
        go_to_thread(at, v, &t);
        return true;
    }
    return false;
}

/* The call that a thread serves; `outer` = 1: the one around it, and so on. The statistics hold the innermost one in a
 * place of its own, and others only as long as few calls followed. */
static struct bh_stats_call served_by(const struct postmortem *p, uint32_t vm, uint32_t thread, uint32_t outer)
{
    const struct bh_stats *s = p->vms[vm].stats;
    struct bh_stats_call none = {0};
    if (!outer || !s)
        return calls_of(p, vm, thread).in;
    for (uint64_t i = 1; i <= s->n_recent && i <= BH_STATS_RECENT; i++) {
        const struct bh_stats_event *e = &s->recent[(s->n_recent - i) % BH_STATS_RECENT];
        bool in = e->kind == BH_STATS_SERVE || e->kind == BH_STATS_RUN_BACK;
        if (in && e->thread == thread && e->status == BH_STATS_PENDING && outer-- == 0)
            return (struct bh_stats_call){.fn = e->fn, .slot = e->slot, .edge = e->edge, .kind = e->kind};
    }
    return none;
}

/* Threads that were met on the way. */
struct way {
    struct visit list[HOPS_MAX];
    uint32_t n;
};

static struct visit *visit_of(struct way *w, uint32_t vm, uint32_t thread)
{
    for (uint32_t i = 0; i < w->n; i++)
        if (w->list[i].vm == vm && w->list[i].thread == thread)
            return &w->list[i];
    if (w->n == HOPS_MAX)
        return NULL;
    w->list[w->n] = (struct visit){.vm = vm, .thread = thread, .edge = CORE};
    return &w->list[w->n++];
}

/* A callback runs on the thread that made the call: the last one that was met running a callback over this edge. */
static bool back_to_thread(const struct postmortem *p, struct way *w, uint32_t edge, struct place *at)
{
    struct coredump_thread t;
    for (uint32_t i = w->n; i-- > 0;) {
        struct visit *v = &w->list[i];
        for (uint32_t n = 0; v->edge == edge && coredump_nth(&p->vms[v->vm].core, n, &t); n++) {
            if (t.id != v->thread)
                continue;
            v->edge = CORE;
            go_to_thread(at, v->vm, &t);
            return true;
        }
    }
    return false;
}

static bool caller_elsewhere(FILE *out, const struct postmortem *p, struct place *at, struct way *w, struct visit *me)
{
    char function[160];
    struct bh_stats_call in = served_by(p, at->vm, at->thread, me->served++);
    const struct edge *e = edge_of(p, in.edge);
    if ((in.kind != BH_STATS_SERVE && in.kind != BH_STATS_RUN_BACK) || !e)
        return false;
    bool back = in.kind == BH_STATS_RUN_BACK;
    uint32_t caller = back ? e->to : e->from, called = back ? e->from : e->to;
    if (p->a->compartments[called].vm != at->vm || p->a->compartments[caller].vm == at->vm)
        return false; /* a lie */
    if (back && me->symbol[0])
        snprintf(function, sizeof(function), "callback %s()", me->symbol);
    else
        function_name(p, e, &in, function, sizeof(function));
    fprintf(out, "    -- gate: \"%s\" called %s of \"%s\" --\n", name_of(p, caller), function, name_of(p, called));
    me->edge = back ? in.edge : CORE;
    if (!back && back_to_thread(p, w, in.edge, at))
        return true;
    uint32_t v = p->a->compartments[caller].vm;
    if (find_waiting(p, v, &in, at))
        return true;
    fprintf(out, "    no thread of VM %" PRIu32 " waits for it%s\n", v,
            p->vms[v].core.bytes ? "" : ", or its memory could not be looked at");
    return false;
}

void postmortem_stack(FILE *out, const struct postmortem *p, const struct crash *c)
{
    static struct way way;
    struct coredump_thread t;
    struct place at = {.vm = c->vm, .compartment = c->compartment};
    uint32_t number = 0;
    if (!coredump_nth(&p->vms[c->vm].core, 0, &t))
        return;
    at.thread = t.id;
    memcpy(at.registers, t.registers, sizeof(at.registers));
    if (address_owner_find(p->a, at.registers[RIP]).kind == OWN_CORE)
        at.compartment = CORE;
    fprintf(out, "  stack     of thread %" PRIu32 " in VM %" PRIu32 "%s; callers in other compartments below\n",
            at.thread, at.vm, c->reset ? ": not known" : "");
    for (uint32_t hop = 0; hop < HOPS_MAX; hop++) {
        struct visit *v = visit_of(&way, at.vm, at.thread);
        bool keyed = keys_needed(p->a, at.vm), known = hop || !c->reset;
        if (!v || (v->served && (keyed || !v->shown)))
            return; /* a callback: shown already */
        open_frames(p, &at);
        if (known)
            print_frames(out, p, &at, &number, keyed ? NULL : v);
        for (uint32_t n = 0; known && n < HOPS_MAX && caller_by_key(out, p, &at); n++)
            print_frames(out, p, &at, &number, NULL);
        if (!caller_elsewhere(out, p, &at, &way, v))
            return;
    }
}

void postmortem_instruction(FILE *out, const struct postmortem *p, const struct crash *c)
{
    uint8_t bytes[INSTRUCTION_MAX];
    char text[192];
    size_t n = 0;
    while (n < sizeof(bytes) && coredump_read(&p->vms[c->vm].core, c->regs.rip + n, &bytes[n], 1))
        n++;
    if (c->kind == CRASH_REPORT || c->reset || !n)
        return;
    size_t length = instruction_text(bytes, n, c->regs.rip, text, sizeof(text));
    fputs("  code      ", out);
    for (size_t i = 0; i < (length ? length : n); i++)
        fprintf(out, "%02x ", bytes[i]);
    fprintf(out, " %s\n", length ? text : "no instruction");
}

static void print_call(FILE *out, const struct postmortem *p, uint32_t vm, const struct bh_stats_event *e)
{
    char function[128], took[48] = "", ago[48] = "";
    const struct edge *edge = edge_of(p, e->edge);
    if (!edge || e->kind == 0 || e->kind > BH_STATS_RUN_BACK)
        return;
    struct bh_stats_call call = {.fn = e->fn, .slot = e->slot, .edge = e->edge, .kind = e->kind};
    bool out_going = e->kind == BH_STATS_CALL || e->kind == BH_STATS_CALLBACK;
    function_name(p, edge, &call, function, sizeof(function));
    if (e->cycles && p->tsc_khz)
        snprintf(took, sizeof(took), ", took %.1f us", (double)e->cycles * 1000 / (double)p->tsc_khz);
    if (e->time && p->tsc_khz && p->now > e->time)
        snprintf(ago, sizeof(ago), ", %.3f ms ago", (double)(p->now - e->time) / (double)p->tsc_khz);
    const char *status = e->status == BH_STATS_PENDING ? "not over" : observe_status(e->status);
    fprintf(out, "    %-3s %s %s %s: %s, thread %u: %s%s%s\n", out_going ? "out" : "in", name_of(p, edge->from),
            e->kind == BH_STATS_CALL || e->kind == BH_STATS_SERVE ? "->" : "<-", name_of(p, edge->to), function,
            e->thread, status ? status : "?", took, ago);
    (void)vm;
}

void postmortem_calls(FILE *out, const struct postmortem *p, uint32_t vm)
{
    const struct bh_stats *s = p->vms[vm].stats;
    uint64_t n = s ? __atomic_load_n(&s->n_recent, __ATOMIC_RELAXED) : 0;
    if (!n)
        return;
    fprintf(out, "  calls     the last gate calls of VM %" PRIu32 ", newest first\n", vm);
    for (uint64_t i = 1; i <= n && i <= POSTMORTEM_CALLS; i++) {
        struct bh_stats_event e;
        memcpy(&e, &s->recent[(n - i) % BH_STATS_RECENT], sizeof(e));
        print_call(out, p, vm, &e);
    }
}
