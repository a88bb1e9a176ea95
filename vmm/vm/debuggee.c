/* A VM's process under a debugger: serves requests, and decides what becomes of exceptions.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A breakpoint is an int3 instruction in the guest's text, and a step sets TF in its flags. Both end in the trap shim,
 * which works on every KVM. Threads are cooperative and there is one vCPU, so the whole VM stands still at once. To
 * step a thread that does not run, a breakpoint of our own is set where that thread will go on, and the others run
 * until it gets there. */
#include "vmm/vm/debuggee.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/vm/debug_memory.h"
#include "vmm/vm/debug_registers.h"
#include "vmm/vm/debug_signals.h"
#include "vmm/vm/debug_threads.h"
#include "vmm/vm/exits.h"

#define VECTOR_DB 1u
#define VECTOR_BP 3u
#define VECTOR_PF 14u
#define FLAG_TF   (1ull << 8)
#define INT3      0xccu

static struct kvm_run *the_run; /* for the signal handler */

static void leave_guest(int signo)
{
    the_run->immediate_exit = 1;
}

bool debuggee_open(struct vm *vm, struct problem *p)
{
    struct debuggee *d = &vm->debuggee;
    struct sigaction act = {.sa_handler = leave_guest};
    struct f_owner_ex owner = {.type = F_OWNER_TID, .pid = gettid()};
    d->socket = vm->w->vms[vm->index].debug.vm;
    the_run = vm->vcpu.run;
    if (sigaction(SIGIO, &act, NULL) || fcntl(d->socket, F_SETOWN_EX, &owner) || fcntl(d->socket, F_SETFL, O_ASYNC))
        return problem_set(p, EXIT_HOST, "cannot listen to a debugger: %s", strerror(errno));
    return true;
}

static void send_answer(struct vm *vm, const struct debug_answer *a)
{
    while (send(vm->debuggee.socket, a, sizeof(*a), MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
}

static bool in_ring0(const struct vm *vm)
{
    return vm->vcpu.run->s.regs.regs.rip >= BH_KERNEL_BASE;
}

/* Lets KVM complete the last exit, so that the registers are those before the next instruction. */
static void finish_exit(struct vm *vm)
{
    struct kvm_run *run = vm->vcpu.run;
    run->immediate_exit = 1;
    while (ioctl(vm->vcpu.fd, KVM_RUN, 0) < 0 && errno == EAGAIN) {
    }
    run->immediate_exit = 0;
}

static void fill_stop(struct vm *vm, uint32_t signal, enum debug_reason reason, uint64_t address)
{
    vm->debuggee.stop = (struct debug_stop){.signal = signal,
                                            .reason = reason,
                                            .thread = thread_running(vm),
                                            .address = address,
                                            .rip = register_rip(vm),
                                            .rsp = register_rsp(vm),
                                            .rbp = register_rbp(vm)};
}

static uint64_t take_memory(struct vm *vm, const struct debug_request *q, struct debug_answer *a)
{
    uint64_t size = q->size < sizeof(a->data) ? q->size : sizeof(a->data);
    return debug_read(vm, a->data, guest_va(q->address), size);
}

static bool take_registers(struct vm *vm, uint32_t thread, struct debug_registers *r)
{
    if (thread == DEBUG_ANY_THREAD || thread == thread_running(vm)) {
        registers_get(vm, r);
        return true;
    }
    return thread_registers(vm, thread, r);
}

/* Sets the guest on its way as the request says. */
static void set_going(struct vm *vm, const struct debug_request *q)
{
    struct debuggee *d = &vm->debuggee;
    struct debug_registers r;
    d->going = q->run;
    d->thread = q->thread == DEBUG_ANY_THREAD ? thread_running(vm) : q->thread;
    d->end = d->fatal && q->run.signal;
    bool step = q->run.how == DEBUG_STEP, runs = d->thread == thread_running(vm);
    if (step && !runs && (!thread_registers(vm, d->thread, &r) || !breakpoint_insert(vm, guest_va(r.rip), false)))
        step = false; /* a thread that is none */
    register_set_trap(vm, step && runs);
    d->passing = false;
    d->standing = false;
}

static void detach_debugger(struct vm *vm)
{
    struct debuggee *d = &vm->debuggee;
    breakpoints_clear(vm);
    if (d->hardware)
        hardware_set(vm, NULL, 0);
    if (d->standing || d->stepping)
        register_set_trap(vm, false);
    d->end = d->fatal;
    d->going = (struct debug_going){0};
    d->attached = d->standing = d->passing = false;
    d->detached = true;
}

static void be_killed(struct vm *vm)
{
    struct crash c = {.kind = CRASH_KILLED, .signal = SIGKILL};
    vm_crash(vm, &c);
}

/* Requests that are possible only while the guest stands still. */
static bool serve_standing(struct vm *vm, const struct debug_request *q, struct debug_answer *a)
{
    struct debuggee *d = &vm->debuggee;
    if (!d->standing)
        return false;
    switch (q->ask) {
    case DEBUG_RUN:
        set_going(vm, q);
        return true;
    case DEBUG_GET:
        return take_registers(vm, q->thread, &a->registers);
    case DEBUG_SET:
        return !d->in_call && registers_set(vm, &q->registers);
    case DEBUG_THREADS:
        a->size = threads_list(vm, a->threads);
        return true;
    default:
        return false;
    }
}

static bool serve_request(struct vm *vm, const struct debug_request *q, struct debug_answer *a)
{
    struct debuggee *d = &vm->debuggee;
    switch (q->ask) {
    case DEBUG_ATTACH:
        d->attached = true;
        if (d->standing) {
            a->stop = d->stop;
            a->size = 1;
        }
        return true;
    case DEBUG_DETACH:
        detach_debugger(vm);
        return true;
    case DEBUG_STOP:
        d->stop_wanted = !d->standing;
        return true;
    case DEBUG_KILL:
        be_killed(vm);
        return true;
    case DEBUG_READ:
        a->size = take_memory(vm, q, a);
        return a->size != 0 || !q->size;
    case DEBUG_WRITE:
        return q->size <= sizeof(q->data) && debug_write(vm, guest_va(q->address), q->data, q->size);
    case DEBUG_INSERT:
        return breakpoint_insert(vm, guest_va(q->address), true);
    case DEBUG_REMOVE:
        return breakpoint_remove(vm, guest_va(q->address), true);
    case DEBUG_HARDWARE:
        return q->size <= DEBUG_HARDWARE_MAX && hardware_set(vm, q->hardware, q->size);
    default:
        return serve_standing(vm, q, a);
    }
}

/* Serves one request. False: there is none, or a signal interrupted the wait for one. */
static bool take_request(struct vm *vm, int flags)
{
    static struct debug_request q;
    static struct debug_answer a;
    ssize_t got = recv(vm->debuggee.socket, &q, sizeof(q), flags);
    if (got == 0) /* no supervisor any more */
        _exit(0);
    if (got != (ssize_t)sizeof(q))
        return false;
    memset(&a, 0, offsetof(struct debug_answer, data));
    a.kind = serve_request(vm, &q, &a) ? DEBUG_DONE : DEBUG_FAILED;
    a.number = q.number;
    send_answer(vm, &a);
    return true;
}

/* Serves requests until one lets the guest run. */
static void stand_still(struct vm *vm)
{
    struct debuggee *d = &vm->debuggee;
    d->standing = true;
    d->stop_wanted = false;
    if (d->attached) {
        static struct debug_answer a;
        a.kind = DEBUG_STOPPED;
        a.stop = d->stop;
        send_answer(vm, &a);
    }
    while (d->standing)
        take_request(vm, 0);
}

void debuggee_wait(struct vm *vm)
{
    struct kvm_regs r;
    if (ioctl(vm->vcpu.fd, KVM_GET_REGS, &r) == 0)
        vm->vcpu.run->s.regs.regs = r;
    vm->debuggee.home = HOME_VCPU;
    fill_stop(vm, 0, DEBUG_BY_SIGNAL, 0);
    stand_still(vm);
}

void debuggee_poll(struct vm *vm)
{
    struct debuggee *d = &vm->debuggee;
    vm->vcpu.run->immediate_exit = 0;
    while (take_request(vm, MSG_DONTWAIT)) {
    }
    if (!d->stop_wanted)
        return;
    if (!d->in_call)
        finish_exit(vm);
    d->stop_wanted = false;
    if (in_ring0(vm))
        return; /* it will be asked again */
    d->home = HOME_VCPU;
    register_set_trap(vm, false);
    fill_stop(vm, 0, DEBUG_BY_SIGNAL, 0);
    stand_still(vm);
}

void debuggee_poll_in_call(struct vm *vm)
{
    const struct kvm_run *run = vm->vcpu.run;
    if (run && run->immediate_exit) { /* hosted tests have no vCPU */
        vm->debuggee.in_call = true;
        debuggee_poll(vm);
        vm->debuggee.in_call = false;
    }
}

static void stop_guest(struct vm *vm, uint32_t signal, enum debug_reason reason, uint64_t address)
{
    register_set_trap(vm, false);
    fill_stop(vm, signal, reason, address);
    stand_still(vm);
}

/* The thread that is stepped does not run now: a breakpoint stops it where it goes on. */
static void wait_for_thread(struct vm *vm)
{
    struct debug_registers r;
    register_set_trap(vm, false);
    if (!thread_registers(vm, vm->debuggee.thread, &r) || !breakpoint_insert(vm, guest_va(r.rip), false))
        stop_guest(vm, SIGTRAP, DEBUG_BY_SIGNAL, 0);
}

static void take_step(struct vm *vm)
{
    struct debuggee *d = &vm->debuggee;
    if (d->passing) { /* over our own breakpoint, by another thread than the one that is waited for */
        d->passing = false;
        register_set_trap(vm, false);
        for (uint32_t i = 0; i < BREAKPOINTS_MAX; i++)
            if (d->breakpoints[i].returning)
                breakpoint_show(vm, &d->breakpoints[i], true);
        return;
    }
    if (thread_running(vm) != d->thread) {
        wait_for_thread(vm);
        return;
    }
    uint64_t rip = register_rip(vm);
    if (rip < d->going.start || rip >= d->going.end || breakpoint_at(vm, guest_va(rip)))
        stop_guest(vm, SIGTRAP, DEBUG_BY_SIGNAL, 0);
}

static void take_breakpoint(struct vm *vm, struct breakpoint *b)
{
    struct debuggee *d = &vm->debuggee;
    register_set_rip(vm, b->at.va);
    bool back = b->returning && thread_running(vm) == d->thread;
    if (b->users) {
        stop_guest(vm, SIGTRAP, DEBUG_BY_BREAKPOINT, 0);
    } else if (back) {
        breakpoint_remove(vm, b->at, false);
        stop_guest(vm, SIGTRAP, DEBUG_BY_SIGNAL, 0);
    } else {
        breakpoint_show(vm, b, false);
        d->passing = true;
        register_set_trap(vm, true);
    }
}

/* A step or a breakpoint ended; the registers are where d->home says. */
static void take_debug(struct vm *vm, uint32_t vector)
{
    struct debuggee *d = &vm->debuggee;
    struct breakpoint *b = vector == VECTOR_BP ? breakpoint_at(vm, guest_va(register_rip(vm) - 1)) : NULL;
    uint64_t watched;
    if (b)
        take_breakpoint(vm, b);
    else if (vector == VECTOR_DB && d->hardware && d->home == HOME_VCPU && hardware_hit(vm, &watched))
        stop_guest(vm, SIGTRAP, watched ? DEBUG_BY_WATCH : DEBUG_BY_HARDWARE, watched);
    else if (vector == VECTOR_DB && d->stepping)
        take_step(vm);
    else if (d->attached)
        stop_guest(vm, SIGTRAP, DEBUG_BY_SIGNAL, 0);
}

/* The debugger left while the trap shim was about to report this exception: a step that nobody waits for, or a
 * breakpoint that is not there any more. */
static bool take_stray(struct vm *vm, struct guest_va at, struct bh_trap t)
{
    uint8_t there = INT3;
    bool step = t.vector == VECTOR_DB && (t.rflags & FLAG_TF);
    bool breakpoint = t.vector == VECTOR_BP && debug_read(vm, &there, guest_va(t.rip - 1), 1) == 1 && there != INT3;
    if (!vm->debuggee.detached || (!step && !breakpoint))
        return false;
    t.rip -= breakpoint;
    t.rflags &= ~FLAG_TF;
    return memory_fill(&vm->memory, at, &t, sizeof(t));
}

/* The return of a function that the debugger called. */
static bool is_return(struct vm *vm, const struct bh_trap *t)
{
    const struct breakpoint *b = t->vector == VECTOR_PF ? breakpoint_at(vm, guest_va(t->rip)) : NULL;
    return b && b->in_data && b->users;
}

bool debuggee_trap(struct vm *vm, struct guest_va at, const struct bh_trap *t)
{
    struct debuggee *d = &vm->debuggee;
    if (!d->attached)
        return take_stray(vm, at, *t);
    d->home = HOME_FRAME;
    d->frame = *t;
    d->fatal = d->end = false;
    if (t->vector == VECTOR_DB || t->vector == VECTOR_BP) {
        take_debug(vm, (uint32_t)t->vector);
    } else if (is_return(vm, t)) {
        stop_guest(vm, SIGTRAP, DEBUG_BY_BREAKPOINT, 0);
    } else {
        d->fatal = true;
        stop_guest(vm, debug_signal_of_vector((uint32_t)t->vector), DEBUG_BY_SIGNAL, 0);
    }
    d->home = HOME_VCPU;
    d->fatal = false;
    return !d->end && memory_fill(&vm->memory, at, &d->frame, sizeof(d->frame));
}

bool debuggee_exit(struct vm *vm)
{
    struct debuggee *d = &vm->debuggee;
    if (!d->attached)
        return false;
    d->home = HOME_VCPU;
    take_debug(vm, vm->vcpu.run->debug.arch.exception);
    return true;
}

void debuggee_ended(struct vm *vm, bool by_signal, uint32_t status)
{
    static struct debug_answer a;
    if (vm->debuggee.attached) {
        a.kind = DEBUG_ENDED;
        a.by_signal = by_signal;
        a.status = status;
        send_answer(vm, &a);
    }
}
