/* Starts collectors after crashes and follows them.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/supervisor/crash_handling.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rpc/gate.h"
#include "vmm/base/clock.h"
#include "vmm/crash/report.h"
#include "vmm/resources/memory_file.h"
#include "vmm/supervisor/phase.h"
#include "vmm/vm/message.h"

/* The cores have been taken, or it takes too long. */
static void cores_are_taken(struct vm_proc *vm)
{
    struct vm_collector *c = &vm->collector;
    c->state = COLLECTOR_WRITES;
    loop_remove(&vm->s->loop, &c->looked);
    loop_timer_set(&vm->s->loop, &c->patience, 0);
    close(c->process.looked);
    if (!c->deadlock)
        phase_guest_over(vm);
}

/* The peers learn of the crash before its core is taken, which may be large. Theirs are being sent: what they do from
 * now on is in none of them. */
static void on_looked(void *argument, short revents)
{
    struct vm_proc *vm = argument;
    char byte;
    if (read(vm->collector.process.looked, &byte, 1) != 1)
        cores_are_taken(vm);
    else if (!vm->collector.deadlock)
        phase_guest_gone(vm);
}

static void on_patience_over(void *vm)
{
    cores_are_taken(vm);
}

/* Tells those VMs' processes to send their cores that are going to be looked at. Bit v: VM v's does. */
static uint64_t ask_for_cores(struct supervisor *s, const struct vm_proc *crashed, bool deadlock)
{
    uint64_t cores = 0;
    for (uint32_t v = 0; v < s->a->n_vms && !s->n_collectors; v++) {
        const struct vm_proc *vm = &s->vms[v];
        if (vm->pid && vm->state == VM_STARTED && (vm != crashed || deadlock))
            cores |= kill(vm->pid, SIGUSR2) == 0 ? 1ull << v : 0;
    }
    return cores;
}

/* Nobody takes the cores, perhaps because no process can be started: those who send them must not wait for that. */
static void let_cores_go(struct supervisor *s)
{
    for (uint32_t v = 0; v < s->a->n_vms; v++)
        memory_file_close(&s->vms[v].resources->coredump.supervisor);
}

bool crash_collect(struct vm_proc *vm, const struct crash *c)
{
    struct supervisor *s = vm->s;
    struct vm_collector *collector = &vm->collector;
    if (collector->state != COLLECTOR_NONE)
        return true;
    uint64_t cores = c->kind == CRASH_KILLED ? 0 : 1ull << vm->index;
    cores |= ask_for_cores(s, vm, c->kind == CRASH_DEADLOCK);
    if (!collector_start(&collector->process, &s->resources, c, cores, s->resources.o->crash_dir)) {
        let_cores_go(s);
        return false;
    }
    collector->state = COLLECTOR_LOOKS;
    collector->deadlock = c->kind == CRASH_DEADLOCK;
    loop_add(&s->loop, &collector->looked, collector->process.looked, POLLIN, on_looked, vm);
    collector->patience.function = on_patience_over;
    collector->patience.argument = vm;
    loop_timer_set(&s->loop, &collector->patience, clock_ns() + COLLECTOR_PATIENCE);
    s->n_collectors++;
    return true;
}

void crash_count_omitted(struct vm_proc *vm, uint64_t n)
{
    vm->omitted += n < UINT32_MAX ? n : UINT32_MAX;
}

static const char *first_name(const struct vm_proc *vm)
{
    const struct appliance *a = vm->s->a;
    return a->compartments[__builtin_ctzll(a->vms[vm->index].compartments)].name;
}

void crash_tell_omitted(struct vm_proc *vm)
{
    if (vm->omitted)
        fprintf(stderr, "bulkhead: compartment \"%s\": %" PRIu64 " reports of refused calls were left out\n",
                first_name(vm), vm->omitted);
    vm->omitted = 0;
}

static void tell_limit(struct vm_proc *vm)
{
    if (vm->told_limit || (!vm->at_limit && !bucket_empty(&vm->reports, clock_ns())))
        return;
    vm->told_limit = true;
    fprintf(stderr, "bulkhead: compartment \"%s\": more reports of refused calls than %u a second are left out\n",
            first_name(vm), REPORTS_PER_SECOND);
}

void crash_handle(struct vm_proc *vm, const struct crash *c)
{
    struct supervisor *s = vm->s;
    bool end = c->kind != CRASH_REPORT || c->report.fatal;
    if (!end && !bucket_take(&vm->reports, clock_ns())) { /* its process should not have sent it */
        crash_count_omitted(vm, 1);
        return;
    }
    crash_tell_omitted(vm);
    bool consequence = s->crashed && c->kind == CRASH_REPORT && c->report.status == BH_PEER_DIED;
    s->crashed |= end;
    if (end && !consequence && crash_collect(vm, c))
        return;
    if (consequence && s->n_collectors)
        vm->later = *c;
    else
        report_crash(s->a, s->resources.core.path, c);
    if (!end)
        tell_limit(vm);
    if (end)
        phase_guest_over(vm);
}

static void report_consequences(struct supervisor *s)
{
    for (uint32_t v = 0; v < s->a->n_vms && !s->n_collectors; v++) {
        if (s->vms[v].later.kind) {
            report_crash(s->a, s->resources.core.path, &s->vms[v].later);
            s->vms[v].later.kind = 0;
        }
    }
}

void crash_reap_collector(struct vm_proc *vm)
{
    struct vm_collector *c = &vm->collector;
    bool lives = c->state == COLLECTOR_LOOKS || c->state == COLLECTOR_WRITES;
    if (!lives || waitpid(c->process.pid, NULL, WNOHANG) != c->process.pid)
        return;
    vm->s->n_collectors--;
    if (c->state == COLLECTOR_LOOKS)
        cores_are_taken(vm);
    c->state = c->deadlock ? COLLECTOR_NONE : COLLECTOR_DONE;
    report_consequences(vm->s);
}
