/* Forks the process of a VM, acts on its messages, and reaps it.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/supervisor/vm_proc.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/appliance/topology.h"
#include "vmm/base/boot_trace.h"
#include "vmm/base/clock.h"
#include "vmm/resources/memory_file.h"
#include "vmm/supervisor/crash_handling.h"
#include "vmm/supervisor/deadlock.h"
#include "vmm/supervisor/phase.h"
#include "vmm/supervisor/status.h"
#include "vmm/vm/message.h"
#include "vmm/vm/vm.h"

/* The guest ended by itself. */
static void guest_exited(struct vm_proc *vm, uint32_t status)
{
    struct supervisor *s = vm->s;
    if (!vm_holds(s->a, vm->index, s->a->default_compartment)) {
        phase_guest_over(vm);
        return;
    }
    boot_trace_add("app-ended", clock_ns());
    s->app_ended = true;
    s->app_status = (int)(status & 0xff);
    phase_guest_stopped(vm);
    status_tell_peers(vm);
    phase_end_if_started(s);
}

static void start_failed(struct vm_proc *vm, const struct problem *p)
{
    struct supervisor *s = vm->s;
    if (!s->failure.status) {
        s->failure = *p;
        s->failure.status = p->status == EXIT_USAGE ? EXIT_USAGE : EXIT_HOST;
    }
    phase_guest_stopped(vm);
    phase_enter(s, KILLED);
}

static void act_on_message(struct vm_proc *vm, const struct message *m)
{
    bool over = vm->state == VM_OVER || vm->state == VM_REAPED;
    if (over && m->kind != MESSAGE_MARK)
        return;
    switch (m->kind) {
    case MESSAGE_EXIT:
        crash_count_omitted(vm, m->omitted);
        crash_tell_omitted(vm);
        guest_exited(vm, m->status);
        break;
    case MESSAGE_CRASH:
        crash_count_omitted(vm, m->omitted);
        vm->at_limit |= m->status != 0;
        crash_handle(vm, &m->crash);
        break;
    case MESSAGE_MARK:
        boot_trace_add(m->mark, m->time_ns);
        break;
    case MESSAGE_STARTED:
        vm->state = VM_STARTED;
        phase_end_if_started(vm->s);
        break;
    case MESSAGE_IDLE:
        deadlock_check(vm->s);
        break;
    default:                        /* MESSAGE_FAILED */
        if (vm->state == VM_FORKED) /* else it is too late: it cannot take the others down any more */
            start_failed(vm, &m->problem);
    }
}

/* Takes one message, no more: a VM that sends without end must not keep signals and other VMs waiting. False: there is
 * none. */
static bool take_message(struct vm_proc *vm)
{
    struct message m;
    int *socket = &vm->resources->messages.supervisor;
    if (*socket < 0)
        return false;
    int got = message_receive(*socket, vm->s->a, vm->index, &m);
    if (got < 0) {
        loop_remove(&vm->s->loop, &vm->messages);
        memory_file_close(socket);
    } else if (got > 0) {
        act_on_message(vm, &m);
    }
    return got > 0;
}

static void on_message(void *vm, short revents)
{
    take_message(vm);
}

void vm_proc_init(struct supervisor *s, uint32_t v)
{
    s->vms[v] = (struct vm_proc){
        .s = s, .index = v, .resources = &s->resources.vms[v], .reports = bucket_of(REPORTS_BURST, REPORTS_PER_SECOND)};
}

bool vm_proc_fork(struct vm_proc *vm, struct problem *p)
{
    struct supervisor *s = vm->s;
    pid_t pid = fork();
    if (pid == 0)
        vm_main(&s->resources, vm->index);
    if (pid < 0)
        return problem_set(p, EXIT_HOST, "cannot start a VM's process: %s", strerror(errno));
    vm->pid = pid;
    vm->state = VM_FORKED;
    s->n_processes++;
    vm_resources_close_vm_ends(vm->resources);
    loop_add(&s->loop, &vm->messages, vm->resources->messages.supervisor, POLLIN, on_message, vm);
    return true;
}

/* The process died before its guest was over, and nothing has been collected. */
static void report_death(struct vm_proc *vm)
{
    struct crash c = {.kind = CRASH_KILLED, .vm = vm->index};
    c.signal = WIFSIGNALED(vm->wait_status) ? (uint32_t)WTERMSIG(vm->wait_status) : 0;
    c.compartment = (uint32_t)__builtin_ctzll(vm->s->a->vms[vm->index].compartments);
    crash_handle(vm, &c);
}

static void process_ended(struct vm_proc *vm)
{
    struct supervisor *s = vm->s;
    vm->pid = 0;
    s->n_processes--;
    crowd_leave(crowd_vm(s->resources.crowd, vm->index));
    while (take_message(vm)) { /* all that it had sent */
    }
    crash_tell_omitted(vm);
    loop_remove(&s->loop, &vm->messages);
    vm_resources_close_sockets(vm->resources);
    vm->state = vm->state == VM_OVER || vm->state == VM_REAPED ? VM_REAPED : VM_ENDED;
    phase_end_if_started(s);
}

void vm_proc_reap(struct vm_proc *vm)
{
    crash_reap_collector(vm);
    if (vm->pid && waitpid(vm->pid, &vm->wait_status, WNOHANG) == vm->pid)
        process_ended(vm);
    if (vm->state == VM_ENDED && vm->collector.state == COLLECTOR_NONE && vm->s->phase < ENDING)
        report_death(vm);
}
