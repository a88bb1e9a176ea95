/* Prints what happened to a compartment, where, and to whom the address belongs.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/crash/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/appliance/address_owner.h"
#include "vmm/crash/refusal.h"
#include "vmm/crash/report_keys.h"
#include "vmm/crash/report_parts.h"

/* Exception vectors (Intel SDM vol. 3A, table 6-1). */
#define VECTOR_UNDEFINED  6u
#define VECTOR_PAGE_FAULT 14u
static const char *const exceptions[32] = {
    [0] = "division by zero or overflow",
    [1] = "debug exception",
    [2] = "non-maskable interrupt",
    [3] = "breakpoint instruction",
    [4] = "overflow trap",
    [5] = "bound range exceeded",
    [6] = "undefined instruction",
    [7] = "floating point unit not available",
    [8] = "double fault",
    [10] = "invalid task state segment",
    [11] = "segment not present",
    [12] = "stack fault (an address from rsp or rbp is not canonical)",
    [13] = "general protection (privileged instruction, or an address that is not canonical)",
    [16] = "x87 floating point exception",
    [17] = "unaligned access",
    [18] = "machine check",
    [19] = "SSE floating point exception",
    [21] = "control protection (indirect branch or return to a wrong place)",
};

/* Page-fault error code (Intel SDM vol. 3A, 4.7). */
#define PF_PRESENT  1u
#define PF_WRITE    2u
#define PF_USER     4u
#define PF_RESERVED 8u
#define PF_FETCH    16u
#define PF_KEY      32u

static const char *name_of(const struct appliance *a, uint32_t compartment)
{
    return compartment < a->n_compartments ? a->compartments[compartment].name : "?";
}

/* Why the access at cr2 was refused. */
static void page_fault_reason(const struct appliance *a, const struct crash *c, char *text, size_t size)
{
    struct address_owner o = address_owner_find(a, c->cr2);
    uint64_t error = c->regs.error;
    bool foreign = o.compartment < a->n_compartments && c->compartment < a->n_compartments &&
                   a->compartments[o.compartment].vm != a->compartments[c->compartment].vm;
    if (o.kind == OWN_NULL) {
        snprintf(text, size, "null pointer");
    } else if (error & PF_RESERVED && o.kind != OWN_NOTHING) { /* kvm_pvm sets it for the host's half */
        snprintf(text, size, "the page tables are damaged");
    } else if (foreign && o.kind != OWN_WINDOW) {
        snprintf(text, size, "memory of compartment \"%s\"", name_of(a, o.compartment));
    } else if (!(error & PF_PRESENT) || o.kind == OWN_NOTHING) {
        snprintf(text, size,
                 o.kind == OWN_NOTHING || o.kind == OWN_WINDOW ? "nothing is there" : "not mapped into its VM");
    } else if (error & PF_KEY && o.compartment < a->n_compartments && o.kind != OWN_GATES) {
        snprintf(text, size, "protection key: memory of compartment \"%s\"", name_of(a, o.compartment));
    } else if (error & PF_KEY) {
        snprintf(text, size, "not permitted by the protection key");
    } else if (o.kind == OWN_KERNEL) {
        snprintf(text, size, "not permitted: the kernel's");
    } else if (error & PF_FETCH) {
        snprintf(text, size, "not permitted: data is not executable");
    } else {
        snprintf(text, size, "not permitted: %s", error & PF_WRITE ? "read-only" : "not readable");
    }
}

static void print_trap_head(FILE *out, const struct appliance *a, const struct crash *c)
{
    uint64_t vector = c->regs.vector;
    const char *word = vector < 32 ? exceptions[vector] : NULL;
    fprintf(out, "bulkhead: compartment \"%s\" crashed: ", name_of(a, c->compartment));
    if (vector != VECTOR_PAGE_FAULT) {
        if (c->keyed && vector == VECTOR_UNDEFINED && address_owner_find(a, c->regs.rip).kind == OWN_GATEWAYS)
            fprintf(out, "a forged crossing between protection keys\n");
        else if (word)
            fprintf(out, "%s\n", word);
        else
            fprintf(out, "exception %" PRIu64 "\n", vector);
        return;
    }
    struct address_owner o = address_owner_find(a, c->cr2);
    if (o.kind == OWN_GUARD && o.compartment == c->compartment) {
        fprintf(out, "stack overflow of thread %" PRIu32 ": compartments.%s.stack is %" PRIu64 " KiB\n", o.thread,
                name_of(a, o.compartment), a->compartments[o.compartment].stack >> 10);
        return;
    }
    char reason[128];
    page_fault_reason(a, c, reason, sizeof(reason));
    fprintf(out, "page fault %s %#" PRIx64 ": %s\n",
            c->regs.error & PF_FETCH   ? "executing"
            : c->regs.error & PF_WRITE ? "writing"
                                       : "reading",
            c->cr2, reason);
}

static void print_thread(FILE *out, const struct appliance *a, uint64_t rsp)
{
    struct address_owner o = address_owner_find(a, rsp);
    if (o.kind == OWN_STACK || o.kind == OWN_GUARD) {
        fprintf(out, "  thread    %" PRIu32 ", on its stack in compartment \"%s\"\n", o.thread,
                name_of(a, o.compartment));
    }
}

static void print_registers(FILE *out, const struct bh_trap *t)
{
    const struct {
        const char *name;
        uint64_t value;
    } r[] = {{"rax", t->rax}, {"rbx", t->rbx}, {"rcx", t->rcx}, {"rdx", t->rdx}, {"rsi", t->rsi}, {"rdi", t->rdi},
             {"rbp", t->rbp}, {"rsp", t->rsp}, {"r8", t->r8},   {"r9", t->r9},   {"r10", t->r10}, {"r11", t->r11},
             {"r12", t->r12}, {"r13", t->r13}, {"r14", t->r14}, {"r15", t->r15}, {"rip", t->rip}, {"rfl", t->rflags}};
    size_t n = sizeof(r) / sizeof(*r);
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "%s%3s=%016" PRIx64 "%s",
                i == 0       ? "  registers "
                : i % 4 == 0 ? "            "
                             : " ",
                r[i].name, r[i].value, i % 4 == 3 || i == n - 1 ? "\n" : "");
    }
}

static void print_trap(FILE *out, const struct appliance *a, const char *core, const struct crash *c)
{
    if (c->regs.vector == VECTOR_PAGE_FAULT)
        report_address(out, "address", a, core, c->cr2);
    report_place(out, "at", a, core, c->regs.rip);
    print_thread(out, a, c->regs.rsp);
    report_keys(out, a, c);
    print_registers(out, &c->regs);
}

/* Panic or failed assertion: the guest says why itself. */
static void print_own_head(FILE *out, const struct appliance *a, const struct bh_report *r)
{
    char text[sizeof(r->text)];
    report_clean(text, sizeof(text), r->text, sizeof(r->text));
    fprintf(out, "bulkhead: compartment \"%s\" %s: %s\n", name_of(a, r->compartment),
            r->kind == BH_REPORT_ASSERT ? "failed an assertion" : "gave up", text);
}

static void print_own_words(FILE *out, const struct appliance *a, const char *core, const struct bh_report *r)
{
    if (r->address)
        report_address(out, "address", a, core, r->address);
    if (r->pc)
        report_place(out, "at", a, core, r->pc);
    fprintf(out, "  thread    %" PRIu32 "\n", r->thread);
}

static void print_heap(FILE *out, const struct appliance *a, const struct bh_report *r)
{
    const struct compartment *c = &a->compartments[r->compartment < a->n_compartments ? r->compartment : 0];
    fprintf(out,
            "bulkhead: compartment \"%s\": its heap is full: %" PRIu64
            " bytes more were wanted, and "
            "compartments.%s.memory is %" PRIu64 " KiB\n",
            c->name, r->size, c->name, c->memory >> 10);
}

/* A VM's end that no compartment of it can be blamed for. */
static void print_vm_head(FILE *out, const struct appliance *a, const struct crash *c)
{
    uint64_t mask = c->vm < a->n_vms ? a->vms[c->vm].compartments : 0;
    const char *before = "";
    fputs("bulkhead: compartment ", out);
    for (uint32_t i = 0; i < a->n_compartments; i++) {
        if (mask >> i & 1) {
            fprintf(out, "%s\"%s\"", before, a->compartments[i].name);
            before = ", ";
        }
    }
    fputs(" crashed: ", out);
}

static void print_killed(FILE *out, const struct appliance *a, const struct crash *c)
{
    print_vm_head(out, a, c);
    if (c->signal) {
        fprintf(out, "the process of VM %" PRIu32 " was killed by signal %" PRIu32 " (%s)\n", c->vm, c->signal,
                strsignal((int)c->signal));
    } else {
        fprintf(out, "the process of VM %" PRIu32 " ended without a word\n", c->vm);
    }
}

static const char triple_fault[] =
    "triple fault: neither an exception nor the double fault that followed could be delivered";

/* What KVM knows about a VM that it cannot continue. */
static void print_stopped_head(FILE *out, const struct appliance *a, const struct crash *c)
{
    char detail[sizeof(c->detail)];
    if (c->kind == CRASH_SHUTDOWN && c->reset) {
        print_vm_head(out, a, c);
        fprintf(out, "%s\n", triple_fault);
        return;
    }
    report_clean(detail, sizeof(detail), c->detail, sizeof(c->detail));
    const char *why = c->kind == CRASH_SHUTDOWN ? triple_fault
                      : c->kind == CRASH_FORGED ? "a hypercall, which only the core may make"
                                                : "KVM cannot go on: ";
    fprintf(out, "bulkhead: compartment \"%s\" crashed: %s%s\n", name_of(a, c->compartment), why,
            c->kind == CRASH_KVM ? detail : "");
}

static void print_stopped(FILE *out, const struct appliance *a, const char *core, const struct crash *c)
{
    if (c->kind == CRASH_SHUTDOWN && c->reset) { /* values of a processor that was reset would look like a place */
        fputs("  registers lost: KVM resets the processor after a triple fault on AMD-V\n", out);
        return;
    }
    report_place(out, "at", a, core, c->regs.rip);
    print_thread(out, a, c->regs.rsp);
    report_keys(out, a, c);
    print_registers(out, &c->regs);
}

static void print_report_head(FILE *out, const struct appliance *a, const struct bh_report *r)
{
    if (r->kind == BH_REPORT_HEAP && !r->fatal)
        print_heap(out, a, r);
    else if (r->kind == BH_REPORT_REFUSED || r->kind == BH_REPORT_CALLBACK)
        refusal_head(out, a, r);
    else
        print_own_head(out, a, r);
}

void report_head(FILE *out, const struct appliance *a, const struct crash *c)
{
    switch (c->kind) {
    case CRASH_TRAP:
        print_trap_head(out, a, c);
        break;
    case CRASH_REPORT:
        print_report_head(out, a, &c->report);
        break;
    case CRASH_DEADLOCK:
        fputs("bulkhead: deadlock: every thread of the appliance waits, and nothing is left that could wake one\n",
              out);
        break;
    case CRASH_KILLED:
        print_killed(out, a, c);
        break;
    default:
        print_stopped_head(out, a, c);
        break;
    }
}

void report_details(FILE *out, const struct appliance *a, const char *core, const struct crash *c)
{
    if (c->kind == CRASH_TRAP)
        print_trap(out, a, core, c);
    else if (c->kind == CRASH_REPORT && (c->report.kind == BH_REPORT_REFUSED || c->report.kind == BH_REPORT_CALLBACK))
        refusal_details(out, a, core, &c->report);
    else if (c->kind == CRASH_REPORT && (c->report.kind != BH_REPORT_HEAP || c->report.fatal))
        print_own_words(out, a, core, &c->report);
    else if (c->kind == CRASH_SHUTDOWN || c->kind == CRASH_KVM || c->kind == CRASH_FORGED)
        print_stopped(out, a, core, c);
}

void report_crash(const struct appliance *a, const char *core, const struct crash *c)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    FILE *to = out ? out : stderr;
    report_head(to, a, c);
    report_details(to, a, core, c);
    if (out && fclose(out) == 0)
        fwrite(text, 1, size, stderr); /* unbuffered: one write */
    free(text);
}
