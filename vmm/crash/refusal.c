/* Prints why a gate call was refused, and what to do about it.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/crash/refusal.h"

#include <inttypes.h>
#include <string.h>

#include "rpc/report.h"
#include "rpc/gate.h"
#include "vmm/appliance/address_owner.h"
#include "vmm/crash/report_parts.h"

static const struct edge *edge_between(const struct appliance *a, uint32_t from, uint32_t to)
{
    for (uint32_t i = 0; i < a->n_edges; i++)
        if (a->edges[i].from == from && a->edges[i].to == to)
            return &a->edges[i];
    return NULL;
}

/* Did the reporting compartment call, or was it called? Where both directions have an edge, the
 * statuses that only a callee can find out tell. */
static bool reporter_called(const struct appliance *a, const struct bh_report *r)
{
    if (r->kind == BH_REPORT_CALLBACK)
        return true;
    bool out = edge_between(a, r->compartment, r->peer), in = edge_between(a, r->peer, r->compartment);
    if (out != in)
        return out;
    return r->status != BH_BAD_ARGUMENT && r->status != BH_NO_MEMORY && r->status != BH_BAD_HANDLE &&
           r->status != BH_NO_HANDLE && r->status != BH_HANDLE_BUSY;
}

static const char *reason_text(uint32_t status)
{
    switch (status) {
    case BH_REFUSED:
        return "the caller was not granted this function";
    case BH_BAD_ARGUMENT:
        return "lies outside the memory that both share";
    case BH_TOO_BIG:
        return "does not fit the edge's arena";
    case BH_UNANNOTATED:
        return "lies in private memory, and the edge is strict";
    case BH_TIMED_OUT:
        return "no reply in time";
    case BH_PEER_DIED:
        return "the called compartment is gone";
    case BH_NO_MEMORY:
        return "the called compartment had no memory for its copy";
    case BH_BAD_HANDLE:
        return "is not a handle that the caller was given";
    case BH_NO_GATE:
        return "there is no edge for this call";
    case BH_BUSY:
        return "the calls that this thread submitted and has not waited for take all lines, or the arena";
    case BH_BAD_RESULT:
        return "is outside of the range that the interface file gives";
    case BH_NO_HANDLE:
        return "the caller has 4096 handles of this library, and no more fit the edge's table";
    case BH_HANDLE_BUSY:
        return "is a handle that another call of the caller is using";
    default:
        return "unknown reason";
    }
}

static void print_hint(FILE *out, const struct edge *e, const char *from, const char *to, uint32_t status)
{
    switch (status) {
    case BH_REFUSED:
        fprintf(out, "  hint      add the function to `functions` of the edge from %s to %s\n", from, to);
        break;
    case BH_TOO_BIG:
        fprintf(out, "  hint      raise `arena` of the edge from %s to %s", from, to);
        if (e)
            fprintf(out, " (%" PRIu64 " KiB)", e->arena >> 10);
        fputs(", or allocate the argument in a share\n", out);
        break;
    case BH_UNANNOTATED:
        fputs(
            "  hint      declare it bh_shared (static) or bh_shared_stack (local), allocate it "
            "with\n            bh_malloc_shared, or give the edge data = \"share\" or \"copy\"\n",
            out);
        break;
    case BH_BAD_RESULT:
        fprintf(out,
                "  hint      do not trust %s: it is faulty or taken over; or correct range= in its interface file\n",
                to);
        break;
    case BH_NO_HANDLE:
        fputs("  hint      free handles that are no longer needed; look for a leak\n", out);
        break;
    case BH_HANDLE_BUSY:
        fputs("  hint      let one thread use the object at a time, for example with a mutex\n", out);
        break;
    case BH_NO_GATE:
        fprintf(out, "  hint      add [[edges]] with from = \"%s\" and to = \"%s\"\n", from, to);
        break;
    default:
        break;
    }
}

/* Who called whom: compartments and their names. */
struct ends {
    uint32_t from, to;
    const char *caller, *callee;
};

static struct ends ends_of(const struct appliance *a, const struct bh_report *r)
{
    bool peer_known = r->peer < a->n_compartments && r->compartment < a->n_compartments;
    bool called = !peer_known || reporter_called(a, r);
    struct ends e = {.from = called ? r->compartment : r->peer, .to = called ? r->peer : r->compartment};
    e.caller = e.from < a->n_compartments ? a->compartments[e.from].name : "?";
    e.callee = e.to < a->n_compartments ? a->compartments[e.to].name : "?";
    return e;
}

void refusal_head(FILE *out, const struct appliance *a, const struct bh_report *r)
{
    char function[sizeof(r->function)], argument[sizeof(r->argument)];
    struct ends e = ends_of(a, r);
    report_clean(function, sizeof(function), r->function, sizeof(r->function));
    report_clean(argument, sizeof(argument), r->argument, sizeof(r->argument));
    const char *calls = r->kind == BH_REPORT_CALLBACK ? "calls back" : "calls";
    fprintf(out, "bulkhead: compartment \"%s\" %s %s() of compartment \"%s\": refused: ", e.caller, calls, function,
            e.callee);
    if (argument[0])
        fprintf(out, "%s \"%s\" ", r->status == BH_BAD_RESULT ? "result" : "argument", argument);
    fprintf(out, "%s\n", reason_text(r->status));
}

void refusal_details(FILE *out, const struct appliance *a, const char *core, const struct bh_report *r)
{
    char text[sizeof(r->text)];
    struct ends e = ends_of(a, r);
    if (r->address)
        report_address(out, "argument", a, core, r->address);
    if (r->size)
        fprintf(out, "  size      %" PRIu64 " bytes\n", r->size);
    /* What only the stub knew: limits, what kind of memory it had to be. */
    report_clean(text, sizeof(text), r->text, sizeof(r->text));
    const char *words = strchr(text, ':');
    if (words && words[1] && strncmp(words, ": use ", 6) != 0) /* that is the hint, too */
        fprintf(out, "  detail   %s\n", words + 1);
    if (r->pc) {
        bool callers = address_owner_find(a, r->pc).compartment == e.from;
        report_place(out, callers ? "called at" : "found at", a, core, r->pc);
    }
    fprintf(out, "  thread    %" PRIu32 " of compartment \"%s\"\n", r->thread,
            a->compartments[r->compartment < a->n_compartments ? r->compartment : 0].name);
    if (r->kind != BH_REPORT_CALLBACK) /* the keys of an edge say nothing about its callbacks */
        print_hint(out, edge_between(a, e.from, e.to), e.caller, e.callee, r->status);
}
