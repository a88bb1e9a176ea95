/* Reads and writes the registers of a vCPU that stands still, and sets KVM's breakpoints
 * (Documentation/virt/kvm/api.rst: KVM_GET_XSAVE, KVM_SET_GUEST_DEBUG; Intel SDM vol. 1, 13.4; vol. 3B, 17.2).
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/vm/debug_registers.h"

#include <cpuid.h>
#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/vm/pkru.h"
#include "vmm/vm/vm.h"

#define TF         (1ull << 8)
#define FLAGS_USER 0x240dd5ull /* what ring 3 may change at will: CF PF AF ZF SF TF DF OF AC ID */
#define YMM_AT     576u        /* in XSAVE's standard format: behind legacy region and header */
#define XSTATE_SSE 3ull
#define XSTATE_YMM 4ull
#define HEADER_AT  512u
#define DR7_KEPT   0x400ull
#define DR6_STEP   (1u << 14)

static struct kvm_regs *vcpu_registers(const struct vm *vm)
{
    return &vm->vcpu.run->s.regs.regs;
}

/* Fills the list with pointers to the registers, in the order of GDB's numbers. */
static void point_at_registers(struct vm *vm, uint64_t *list[18])
{
    struct debuggee *d = &vm->debuggee;
    struct bh_trap *t = &d->frame;
    struct kvm_regs *k = vcpu_registers(vm);
    uint64_t *frame[18] = {&t->rax, &t->rbx, &t->rcx, &t->rdx, &t->rsi, &t->rdi, &t->rbp, &t->rsp, &t->r8,
                           &t->r9,  &t->r10, &t->r11, &t->r12, &t->r13, &t->r14, &t->r15, &t->rip, &t->rflags};
    uint64_t *vcpu[18] = {(uint64_t *)&k->rax, (uint64_t *)&k->rbx,   (uint64_t *)&k->rcx, (uint64_t *)&k->rdx,
                          (uint64_t *)&k->rsi, (uint64_t *)&k->rdi,   (uint64_t *)&k->rbp, (uint64_t *)&k->rsp,
                          (uint64_t *)&k->r8,  (uint64_t *)&k->r9,    (uint64_t *)&k->r10, (uint64_t *)&k->r11,
                          (uint64_t *)&k->r12, (uint64_t *)&k->r13,   (uint64_t *)&k->r14, (uint64_t *)&k->r15,
                          (uint64_t *)&k->rip, (uint64_t *)&k->rflags};
    memcpy(list, d->home == HOME_FRAME ? frame : vcpu, sizeof(frame));
}

uint64_t register_rip(const struct vm *vm)
{
    return vm->debuggee.home == HOME_FRAME ? vm->debuggee.frame.rip : vcpu_registers(vm)->rip;
}

uint64_t register_rsp(const struct vm *vm)
{
    return vm->debuggee.home == HOME_FRAME ? vm->debuggee.frame.rsp : vcpu_registers(vm)->rsp;
}

uint64_t register_rbp(const struct vm *vm)
{
    return vm->debuggee.home == HOME_FRAME ? vm->debuggee.frame.rbp : vcpu_registers(vm)->rbp;
}

static void mark_changed(struct vm *vm)
{
    if (vm->debuggee.home == HOME_VCPU)
        vm->vcpu.run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
}

void register_set_rip(struct vm *vm, uint64_t rip)
{
    uint64_t *r[18];
    point_at_registers(vm, r);
    *r[16] = rip;
    mark_changed(vm);
}

void register_set_trap(struct vm *vm, bool on)
{
    uint64_t *r[18];
    point_at_registers(vm, r);
    *r[17] = (*r[17] & ~TF) | (on ? TF : 0);
    vm->debuggee.stepping = on;
    mark_changed(vm);
}

static void get_vectors(const struct vm *vm, struct debug_registers *r)
{
    struct kvm_xsave area;
    if (ioctl(vm->vcpu.fd, KVM_GET_XSAVE, &area))
        return;
    const uint8_t *bytes = (const uint8_t *)&area;
    uint64_t present;
    memcpy(&present, bytes + HEADER_AT, sizeof(present));
    memcpy(r->fx, bytes, sizeof(r->fx));
    if (present & XSTATE_YMM)
        memcpy(r->ymm, bytes + YMM_AT, sizeof(r->ymm));
    if (vm->memory.keyed) {
        r->pkru = pkru_read(&vm->vcpu);
        r->have |= DEBUG_HAVE_PKRU;
    }
}

void registers_get(struct vm *vm, struct debug_registers *r)
{
    uint64_t *list[18];
    struct kvm_sregs s;
    memset(r, 0, sizeof(*r));
    point_at_registers(vm, list);
    for (int i = 0; i < 16; i++)
        r->general[i] = *list[i];
    r->rip = *list[16];
    r->rflags = vm->debuggee.stepping ? *list[17] & ~TF : *list[17];
    if (ioctl(vm->vcpu.fd, KVM_GET_SREGS, &s) == 0) {
        bool frame = vm->debuggee.home == HOME_FRAME;
        r->fs_base = s.fs.base;
        r->gs_base = s.gs.base;
        r->cs = frame ? (uint32_t)vm->debuggee.frame.cs : s.cs.selector;
        r->ss = frame ? (uint32_t)vm->debuggee.frame.ss : s.ss.selector;
        r->ds = s.ds.selector;
        r->es = s.es.selector;
        r->fs = s.fs.selector;
        r->gs = s.gs.selector;
    }
    get_vectors(vm, r);
    r->have |= DEBUG_HAVE_ALL;
}

/* PKRU stays as it is, because a debugger must not change the rights of a domain. */
static bool set_vectors(struct vm *vm, const struct debug_registers *r)
{
    struct kvm_xsave area;
    if (ioctl(vm->vcpu.fd, KVM_GET_XSAVE, &area))
        return false;
    uint8_t *bytes = (uint8_t *)&area;
    uint64_t present;
    memcpy(&present, bytes + HEADER_AT, sizeof(present));
    present |= XSTATE_SSE | (vm->vcpu.avx ? XSTATE_YMM : 0);
    memcpy(bytes + HEADER_AT, &present, sizeof(present));
    uint32_t mask;
    memcpy(&mask, bytes + 28, sizeof(mask)); /* which bits MXCSR has */
    memcpy(bytes, r->fx, 416);
    uint32_t mxcsr;
    memcpy(&mxcsr, r->fx + 24, sizeof(mxcsr));
    mxcsr &= mask ? mask : 0xffbf;
    memcpy(bytes + 24, &mxcsr, sizeof(mxcsr));
    memcpy(bytes + 28, &mask, sizeof(mask));
    if (vm->vcpu.avx)
        memcpy(bytes + YMM_AT, r->ymm, sizeof(r->ymm));
    return ioctl(vm->vcpu.fd, KVM_SET_XSAVE, &area) == 0;
}

/* Values that the processor refuses on its way back to ring 3 would end the VM. */
static bool is_canonical(uint64_t va)
{
    return (int64_t)(va << 16) >> 16 == (int64_t)va;
}

bool registers_set(struct vm *vm, const struct debug_registers *r)
{
    struct debug_registers now;
    uint64_t *list[18];
    struct kvm_sregs s;
    if (!is_canonical(r->rip) || !is_canonical(r->fs_base) || !is_canonical(r->gs_base))
        return false;
    registers_get(vm, &now);
    point_at_registers(vm, list);
    for (int i = 0; i < 16; i++)
        *list[i] = r->general[i];
    *list[16] = r->rip;
    *list[17] = (*list[17] & ~(FLAGS_USER & ~TF)) | (r->rflags & FLAGS_USER & ~TF);
    mark_changed(vm);
    if ((r->fs_base != now.fs_base || r->gs_base != now.gs_base) && ioctl(vm->vcpu.fd, KVM_GET_SREGS, &s) == 0) {
        s.fs.base = r->fs_base;
        s.gs.base = r->gs_base;
        if (ioctl(vm->vcpu.fd, KVM_SET_SREGS, &s))
            return false;
    }
    bool vectors = memcmp(r->fx, now.fx, sizeof(r->fx)) != 0 || memcmp(r->ymm, now.ymm, sizeof(r->ymm)) != 0;
    return !vectors || set_vectors(vm, r);
}

bool hardware_set(struct vm *vm, const struct debug_hardware *list, uint64_t n)
{
    struct kvm_guest_debug g = {.control = n ? KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP : 0};
    g.arch.debugreg[7] = DR7_KEPT;
    for (uint64_t i = 0; i < n; i++) {
        const struct debug_hardware *h = &list[i];
        uint64_t length = h->size == 8 ? 2 : h->size - 1; /* LEN: 1, 2, 8, 4 bytes */
        if ((h->kind != DEBUG_EXECUTE && h->kind != DEBUG_WATCH_WRITE && h->kind != DEBUG_WATCH_ACCESS) ||
            (h->size != 1 && h->size != 2 && h->size != 4 && h->size != 8) || h->address % h->size)
            return false;
        g.arch.debugreg[i] = h->address;
        g.arch.debugreg[7] |= 2ull << (2 * i); /* G: KVM keeps it over task switches */
        g.arch.debugreg[7] |= (h->kind | (h->kind == DEBUG_EXECUTE ? 0 : length << 2)) << (16 + 4 * i);
    }
    if (ioctl(vm->vcpu.fd, KVM_SET_GUEST_DEBUG, &g))
        return false;
    memcpy(vm->debuggee.registers, g.arch.debugreg, sizeof(vm->debuggee.registers));
    vm->debuggee.hardware = n != 0;
    return true;
}

bool hardware_hit(const struct vm *vm, uint64_t *address)
{
    const struct kvm_debug_exit_arch *e = &vm->vcpu.run->debug.arch;
    for (unsigned i = 0; i < DEBUG_HARDWARE_MAX; i++) {
        bool on = vm->debuggee.registers[7] >> (2 * i) & 3, execute = !(vm->debuggee.registers[7] >> (16 + 4 * i) & 3);
        if (on && (e->dr6 >> i & 1)) {
            *address = execute ? 0 : vm->debuggee.registers[i];
            return true;
        }
    }
    return false;
}
