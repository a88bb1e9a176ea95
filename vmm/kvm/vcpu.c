/* Creates a vCPU and sets its initial state (Documentation/virt/kvm/api.rst; Intel SDM vol. 3A, 2.5
 * and 26.3.1).
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/kvm/vcpu.h"

#include <asm/kvm.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define CPUID_ENTRIES    256
#define MSR_IA32_TSC     0x10
#define HC_MAP_GPA_RANGE 12 /* linux/kvm_para.h */

#define CR0_PE         (1ull << 0)
#define CR0_MP         (1ull << 1)
#define CR0_ET         (1ull << 4)
#define CR0_NE         (1ull << 5)
#define CR0_WP         (1ull << 16)
#define CR0_PG         (1ull << 31)
#define CR4_PAE        (1ull << 5)
#define CR4_OSFXSR     (1ull << 9)
#define CR4_OSXMMEXCPT (1ull << 10)
#define CR4_UMIP       (1ull << 11)
#define CR4_FSGSBASE   (1ull << 16)
#define CR4_OSXSAVE    (1ull << 18)
#define CR4_SMEP       (1ull << 20)
#define CR4_SMAP       (1ull << 21)
#define CR4_PKE        (1ull << 22)
#define EFER_LME       (1ull << 8)
#define EFER_LMA       (1ull << 10)
#define EFER_NXE       (1ull << 11)
#define XCR0_AVX       7ull /* x87, SSE, AVX */

/* What the guest's CPUID offers, as far as control registers depend on it. */
struct features {
    bool xsave, avx, fsgsbase, smep, smap, umip, pku;
};

enum hypercall_instruction vcpu_hypercall(enum kvm_kind kind, enum bh_doorbell doorbell)
{
    if (doorbell != BH_DOORBELL_VMCALL)
        return HYPERCALL_NONE;
    return kind == KVM_KIND_SVM ? HYPERCALL_VMMCALL : HYPERCALL_VMCALL;
}

static bool kvm_failed(struct problem *p, const char *what)
{
    return problem_set(p, EXIT_HOST, "KVM: cannot %s: %s", what, strerror(errno));
}

/* All VMs and the host use one time stamp counter, so that their records can be put in order. Failure does not
 * matter. */
static void use_host_clock(int vcpu_fd)
{
    uint64_t offset = 0;
    struct kvm_device_attr a = {
        .group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET, .addr = (uint64_t)(uintptr_t)&offset};
    ioctl(vcpu_fd, KVM_SET_DEVICE_ATTR, &a);
}

/* The quirk would patch the guest's hypercall instruction, which lies in a page that cannot be written. */
static bool enable_vmcall(int vm_fd, struct problem *p)
{
    struct kvm_enable_cap quirk = {.cap = KVM_CAP_DISABLE_QUIRKS2, .args = {KVM_X86_QUIRK_FIX_HYPERCALL_INSN}};
    struct kvm_enable_cap leave = {.cap = KVM_CAP_EXIT_HYPERCALL, .args = {1 << HC_MAP_GPA_RANGE}};
    if (ioctl(vm_fd, KVM_ENABLE_CAP, &quirk) || ioctl(vm_fd, KVM_ENABLE_CAP, &leave))
        return kvm_failed(p, "let VMCALL exit to user space");
    return true;
}

static bool set_cpuid(struct vcpu *c, int kvm_fd, struct features *f, struct problem *p)
{
    union {
        struct kvm_cpuid2 head;
        uint8_t bytes[sizeof(struct kvm_cpuid2) + CPUID_ENTRIES * sizeof(struct kvm_cpuid_entry2)];
    } list = {.head.nent = CPUID_ENTRIES};
    if (ioctl(kvm_fd, KVM_GET_SUPPORTED_CPUID, &list))
        return kvm_failed(p, "read the supported CPUID");
    if (ioctl(c->fd, KVM_SET_CPUID2, &list))
        return kvm_failed(p, "set CPUID");
    for (uint32_t n = 0; n < list.head.nent && n < CPUID_ENTRIES; n++) {
        const struct kvm_cpuid_entry2 *e = &list.head.entries[n];
        if (e->function == 1) {
            f->xsave = e->ecx >> 26 & 1;
            f->avx = e->ecx >> 28 & 1;
        } else if (e->function == 7 && e->index == 0) {
            f->fsgsbase = e->ebx & 1;
            f->smep = e->ebx >> 7 & 1;
            f->smap = e->ebx >> 20 & 1;
            f->umip = e->ecx >> 2 & 1;
            f->pku = e->ecx >> 3 & 1;
        }
    }
    return true;
}

static uint64_t control_bits(const struct features *f)
{
    return CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | (f->xsave ? CR4_OSXSAVE : 0) | (f->fsgsbase ? CR4_FSGSBASE : 0) |
           (f->smep ? CR4_SMEP : 0) | (f->smap ? CR4_SMAP : 0) | (f->umip ? CR4_UMIP : 0);
}

/* CR4 depends on CPUID and XCR0 on CR4, so both are set here, before vcpu_start(). */
static bool set_features(struct vcpu *c, const struct features *f, bool keyed, struct problem *p)
{
    struct kvm_sregs s;
    if (ioctl(c->fd, KVM_GET_SREGS, &s))
        return kvm_failed(p, "read segment registers");
    s.cr4 = control_bits(f);
    if (keyed) /* the trampolines rely on a %fs base that ring 3 cannot change */
        s.cr4 = (s.cr4 | CR4_PKE) & ~CR4_FSGSBASE;
    if (keyed && !f->pku)
        return problem_set(p, EXIT_HOST, "KVM: protection keys need PKU in the guest");
    if (ioctl(c->fd, KVM_SET_SREGS, &s)) {
        if (keyed)
            return kvm_failed(p, "switch protection keys on");
        /* This KVM offers a feature in CPUID and then refuses its bit: start with as few as possible. */
        s.cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
        if (ioctl(c->fd, KVM_SET_SREGS, &s))
            return kvm_failed(p, "set control registers");
        return true;
    }
    struct kvm_xcrs x = {.nr_xcrs = 1, .xcrs = {{.xcr = 0, .value = XCR0_AVX}}};
    /* PKRU is not in XCR0: no XRSTOR can load it. */
    c->avx = f->xsave && f->avx && ioctl(c->fd, KVM_SET_XCRS, &x) == 0;
    if (keyed && !c->avx)
        return problem_set(p, EXIT_HOST, "KVM: gates between protection keys need AVX in the guest");
    return true;
}

bool vcpu_create(struct vcpu *c, int kvm_fd, const struct guest_memory *m, enum hypercall_instruction how,
                 struct problem *p)
{
    *c = (struct vcpu){.vm_fd = -1, .fd = -1};
    c->vm_fd = ioctl(kvm_fd, KVM_CREATE_VM, 0);
    if (c->vm_fd < 0)
        return kvm_failed(p, "create a VM");
    if (how != HYPERCALL_NONE && !enable_vmcall(c->vm_fd, p))
        return false;
    struct kvm_userspace_memory_region slot = {.memory_size = page_up(m->size), .userspace_addr = (uintptr_t)m->host};
    if (ioctl(c->vm_fd, KVM_SET_USER_MEMORY_REGION, &slot))
        return kvm_failed(p, "give a VM its memory");
    c->fd = ioctl(c->vm_fd, KVM_CREATE_VCPU, 0);
    int bytes = ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (c->fd < 0 || bytes < (int)sizeof(*c->run))
        return kvm_failed(p, "create a vCPU");
    void *run = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
    if (run == MAP_FAILED)
        return kvm_failed(p, "map a vCPU's control page");
    c->run = run;
    struct features f = {0};
    if (!set_cpuid(c, kvm_fd, &f, p) || !set_features(c, &f, m->keyed, p))
        return false;
    use_host_clock(c->fd);
    int khz = ioctl(c->fd, KVM_GET_TSC_KHZ, 0);
    c->tsc_khz = khz > 0 ? (uint64_t)khz : 0;
    return true;
}

static struct kvm_segment code_segment(unsigned ring)
{
    return (struct kvm_segment){.limit = 0xffffffff,
                                .selector = ring ? SELECTOR_USER_CODE : SELECTOR_KERNEL_CODE,
                                .type = 11,
                                .present = 1,
                                .dpl = (uint8_t)ring,
                                .s = 1,
                                .l = 1,
                                .g = 1};
}

static struct kvm_segment data_segment(unsigned ring)
{
    return (struct kvm_segment){.limit = 0xffffffff,
                                .selector = ring ? SELECTOR_USER_DATA : 0x10,
                                .type = 3,
                                .present = 1,
                                .dpl = (uint8_t)ring,
                                .s = 1,
                                .db = 1,
                                .g = 1};
}

static void set_segments(struct kvm_sregs *s, const struct entry *e, enum kvm_kind kind)
{
    s->cs = code_segment(e->ring);
    s->ds = s->es = s->fs = s->gs = s->ss = data_segment(e->ring);
    s->fs.base = e->fs_base;
    s->tr = (struct kvm_segment){
        .base = TSS_VA,
        .limit = sizeof(struct tss) - 1,
        .selector = SELECTOR_TSS,
        /* VT-x wants "busy" (11); SVM does not look, but QEMU's emulation of it honours the I/O
         * bitmap of an available TSS (9) alone. */
        .type = kind == KVM_KIND_SVM ? 9 : 11,
        .present = 1,
    };
    s->ldt = (struct kvm_segment){.type = 2, .unusable = 1};
    s->gdt = (struct kvm_dtable){.base = GDT_VA, .limit = GDT_BYTES - 1};
    s->idt = (struct kvm_dtable){.base = IDT_VA, .limit = IDT_ENTRIES * 16 - 1};
}

bool vcpu_start(struct vcpu *c, const struct entry *e, enum kvm_kind kind, struct problem *p)
{
    struct kvm_sregs s;
    if (ioctl(c->fd, KVM_GET_SREGS, &s))
        return kvm_failed(p, "read segment registers");
    set_segments(&s, e, kind);
    s.cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
    s.cr3 = 0; /* guest-physical address of the tables: paging_build() */
    s.efer = EFER_LME | EFER_LMA | EFER_NXE;
    if (ioctl(c->fd, KVM_SET_SREGS, &s))
        return kvm_failed(p, "set segment registers");
    struct kvm_regs r = {.rip = e->rip, .rsp = e->rsp, .rflags = 2};
    if (ioctl(c->fd, KVM_SET_REGS, &r))
        return kvm_failed(p, "set registers");
    c->run->kvm_valid_regs = KVM_SYNC_X86_REGS;
    return true;
}

uint64_t vcpu_tsc(const struct vcpu *c)
{
    struct {
        struct kvm_msrs head;
        struct kvm_msr_entry counter;
    } m = {.head.nmsrs = 1, .counter.index = MSR_IA32_TSC};
    return ioctl(c->fd, KVM_GET_MSRS, &m) == 1 ? m.counter.data : 0;
}

void vcpu_close(struct vcpu *c)
{
    if (c->run)
        munmap(c->run, sizeof(*c->run));
    if (c->fd >= 0)
        close(c->fd);
    if (c->vm_fd >= 0)
        close(c->vm_fd);
    *c = (struct vcpu){.vm_fd = -1, .fd = -1};
}
