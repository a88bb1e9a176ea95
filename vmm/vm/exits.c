/* The run loop: what happens when the guest leaves KVM_RUN.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/vm/exits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vmm/base/clock.h"
#include "vmm/vm/debug_signals.h"
#include "vmm/vm/coredump.h"
#include "vmm/vm/hypercalls.h"
#include "vmm/vm/pkru.h"

#define VECTOR_PF 14u
#define CR0_PG    (1ull << 31)
#define AGAIN_NS  CLOCK_SECOND /* how long KVM_RUN may give EAGAIN */

void vm_end(struct vm *vm)
{
    console_end(&vm->console);
    _exit(0);
}

/* The compartment of this VM in whose window `va` lies, or -1. */
static int window_owner(const struct vm *vm, uint64_t va)
{
    uint64_t i = (va - BH_COMPARTMENT_BASE(0)) / BH_WINDOW_SIZE; /* huge below the first window */
    return i < BH_COMPARTMENTS_MAX && (vm->w->a->vms[vm->index].compartments >> i & 1) ? (int)i : -1;
}

void vm_crash(struct vm *vm, struct crash *c)
{
    struct message m = {.kind = MESSAGE_CRASH, .crash = *c, .omitted = vm->omitted};
    m.crash.vm = vm->index;
    if (c->kind != CRASH_REPORT) {
        int i = window_owner(vm, c->regs.rip);
        i = i < 0 ? window_owner(vm, c->regs.rsp) : i;
        m.crash.compartment = i < 0 ? UINT32_MAX : (uint32_t)i; /* message_receive() settles it */
    }
    vm->crashed = true;
    pkru_explain(vm, &m.crash);
    debuggee_ended(vm, true, c->kind == CRASH_TRAP ? debug_signal_of_vector((uint32_t)c->regs.vector) : SIGABRT);
    console_end(&vm->console);
    message_send(vm->supervisor, &m);
    coredump(vm, &m.crash);
    vm_end(vm);
}

struct bh_trap trap_from_kvm(const struct kvm_regs *r)
{
    return (struct bh_trap){.r15 = r->r15,
                            .r14 = r->r14,
                            .r13 = r->r13,
                            .r12 = r->r12,
                            .r11 = r->r11,
                            .r10 = r->r10,
                            .r9 = r->r9,
                            .r8 = r->r8,
                            .rdi = r->rdi,
                            .rsi = r->rsi,
                            .rbp = r->rbp,
                            .rbx = r->rbx,
                            .rdx = r->rdx,
                            .rcx = r->rcx,
                            .rax = r->rax,
                            .rip = r->rip,
                            .rflags = r->rflags,
                            .rsp = r->rsp};
}

/* An end that the guest did not report itself. */
static void end_badly(struct vm *vm, enum crash_kind kind, const char *what)
{
    struct crash c = {.kind = kind};
    struct kvm_regs r;
    if (ioctl(vm->vcpu.fd, KVM_GET_REGS, &r) == 0)
        c.regs = trap_from_kvm(&r);
    snprintf(c.detail, sizeof(c.detail), "%s", what);
    vm_crash(vm, &c);
}

/* A triple fault. With AMD-V KVM has reset the vCPU by now (its state is undefined after a shutdown: AMD APM vol. 2,
 * 15.14.3): paging is off then, which it never is in a guest of ours. */
static void end_by_shutdown(struct vm *vm)
{
    struct kvm_sregs s;
    struct crash c = {.kind = CRASH_SHUTDOWN, .reset = 1};
    if (ioctl(vm->vcpu.fd, KVM_GET_SREGS, &s) || !(s.cr0 & CR0_PG))
        vm_crash(vm, &c);
    end_badly(vm, CRASH_SHUTDOWN, "");
}

/* The trap shim pushed a struct bh_trap. Ring 3 cannot reach its port, but nothing here relies on that. */
static void take_trap(struct vm *vm)
{
    struct guest_va frame = guest_va(vm->vcpu.run->s.regs.regs.rsp);
    struct crash c = {.kind = CRASH_TRAP};
    if (frame.va < BH_KERNEL_BASE || !memory_read(&vm->memory, &c.regs, frame, sizeof(c.regs), PERM_R | PERM_W))
        end_badly(vm, CRASH_KVM, "a trap without a frame");
    if (debuggee_trap(vm, frame, &c.regs))
        return;
    struct kvm_sregs s;
    if (c.regs.vector == VECTOR_PF && ioctl(vm->vcpu.fd, KVM_GET_SREGS, &s) == 0)
        c.cr2 = s.cr2;
    vm_crash(vm, &c);
}

static struct hypercall hypercall_arguments(const struct kvm_regs *r, uint64_t op)
{
    return (struct hypercall){.op = (uint32_t)op, .args = {r->rdi, r->rsi, r->r8, r->r9}};
}

static void take_port(struct vm *vm)
{
    struct kvm_run *run = vm->vcpu.run;
    if (run->io.direction == KVM_EXIT_IO_IN) {
        /* Nothing is ever read from a port. */
        memset((uint8_t *)run + run->io.data_offset, 0, (size_t)run->io.size * run->io.count);
        return;
    }
    if (run->io.port == BH_PORT_TRAP) {
        take_trap(vm);
        return;
    }
    if (run->io.port == BH_PORT_CALL && run->io.size == 4 && run->io.count == 1) {
        struct kvm_regs *r = &run->s.regs.regs;
        if (!pkru_is_core(vm, r->rip))
            end_badly(vm, CRASH_FORGED, "");
        struct hypercall h = hypercall_arguments(r, r->rax);
        r->rax = hypercall_do(vm, &h);
        run->kvm_dirty_regs = KVM_SYNC_X86_REGS;
    }
    /* Anything else is a doorbell that this VM was not given, or a port without a use. */
}

/* The address from which ring 3 asked the trap shim for a VMCALL. The shim has pushed three registers; the interrupt's
 * frame lies above them. */
static uint64_t vmcall_origin(const struct vm *vm)
{
    uint64_t rip;
    struct guest_va frame = guest_va(vm->vcpu.run->s.regs.regs.rsp + 3 * sizeof(uint64_t));
    bool good = frame.va >= BH_KERNEL_BASE && memory_read(&vm->memory, &rip, frame, sizeof(rip), PERM_R | PERM_W);
    return good ? rip : 0;
}

static void take_vmcall(struct vm *vm)
{
    struct kvm_run *run = vm->vcpu.run;
    if (vm->memory.keyed && !pkru_is_core(vm, vmcall_origin(vm)))
        end_badly(vm, CRASH_FORGED, "");
    struct hypercall h = hypercall_arguments(&run->s.regs.regs, run->hypercall.args[2]);
    run->hypercall.ret = hypercall_do(vm, &h);
}

static void take_other(struct vm *vm)
{
    char text[96];
    const struct kvm_run *run = vm->vcpu.run;
    switch (run->exit_reason) {
    case KVM_EXIT_SHUTDOWN:
        end_by_shutdown(vm);
        break;
    case KVM_EXIT_INTERNAL_ERROR:
        snprintf(text, sizeof(text), "internal error %u", run->internal.suberror);
        break;
    case KVM_EXIT_FAIL_ENTRY:
        snprintf(text, sizeof(text), "the processor refuses to enter the guest: reason 0x%llx",
                 (unsigned long long)run->fail_entry.hardware_entry_failure_reason);
        break;
    case KVM_EXIT_MMIO:
        snprintf(text, sizeof(text), "access to guest-physical address 0x%llx, where nothing is",
                 (unsigned long long)run->mmio.phys_addr);
        break;
    default:
        snprintf(text, sizeof(text), "unexpected KVM exit %u", run->exit_reason);
    }
    end_badly(vm, CRASH_KVM, text);
}

/* Returns if KVM_RUN is to be tried again: after a signal, or after EAGAIN that may pass. `again_since` (ns): when
 * EAGAIN began; 0: it has not. */
static void run_failed(struct vm *vm, int error, uint64_t *again_since)
{
    char text[96];
    if (error == EAGAIN && !*again_since)
        *again_since = clock_ns();
    if (error == EAGAIN && clock_ns() - *again_since > AGAIN_NS) {
        snprintf(text, sizeof(text), "KVM_RUN gives EAGAIN without end: may this user start no process?");
        end_badly(vm, CRASH_KVM, text);
    }
    if (error != EINTR && error != EAGAIN) {
        snprintf(text, sizeof(text), "KVM_RUN failed with error %d", error);
        end_badly(vm, CRASH_KVM, text);
    }
    debuggee_poll(vm);
}

void vm_run(struct vm *vm)
{
    struct kvm_run *run = vm->vcpu.run;
    uint64_t again_since = 0;
    for (;;) {
        if (ioctl(vm->vcpu.fd, KVM_RUN, 0) < 0) {
            run_failed(vm, errno, &again_since);
            continue;
        }
        again_since = 0;
        STATS_ADD(vm->stats->exits, 1);
        switch (run->exit_reason) {
        case KVM_EXIT_IO:
            take_port(vm);
            break;
        case KVM_EXIT_HYPERCALL:
            take_vmcall(vm);
            break;
        case KVM_EXIT_INTR:
            debuggee_poll(vm);
            break;
        case KVM_EXIT_DEBUG:
            if (!debuggee_exit(vm))
                take_other(vm);
            break;
        default:
            take_other(vm);
        }
    }
}
