/* Probes VMCALL and wires ioeventfds (Documentation/virt/kvm/api.rst: KVM_IOEVENTFD,
 * KVM_CAP_EXIT_HYPERCALL).
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/kvm/doorbell.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "vmm/kvm/memory.h"
#include "vmm/kvm/paging.h"
#include "vmm/kvm/probe.h"
#include "vmm/kvm/trap_shim.h"
#include "vmm/kvm/vcpu.h"

#define PATIENCE_MS 200
#define PROBE_OP    0x5a5au

bool doorbell_wire(int vm_fd, uint16_t port, uint32_t bytes, uint32_t value, int event_fd)
{
    struct kvm_ioeventfd e = {.datamatch = value,
                              .addr = port,
                              .len = bytes,
                              .fd = event_fd,
                              .flags = KVM_IOEVENTFD_FLAG_PIO | KVM_IOEVENTFD_FLAG_DATAMATCH};
    return ioctl(vm_fd, KVM_IOEVENTFD, &e) == 0;
}

/* Runs the trap shim's hypercall entry in ring 0, as `int $BH_VECTOR_CALL` would enter it. */
static bool vmcall_exits(struct vcpu *c, enum hypercall_instruction how, enum kvm_kind kind)
{
    struct problem p;
    const uint8_t *entry = how == HYPERCALL_VMMCALL ? bh_shim_vmmcall : bh_shim_vmcall;
    struct entry e = {.rip = trap_shim_va(entry), .rsp = STACK_RING0, .ring = 0};
    if (!vcpu_start(c, &e, kind, &p))
        return false;
    c->run->s.regs.regs = (struct kvm_regs){.rip = e.rip, .rsp = e.rsp, .rflags = 2, .rax = PROBE_OP};
    c->run->kvm_dirty_regs = KVM_SYNC_X86_REGS;
    return probe_run(c, PATIENCE_MS) == 0 && c->run->exit_reason == KVM_EXIT_HYPERCALL &&
           c->run->hypercall.args[2] == PROBE_OP;
}

bool doorbell_vmcall_works(int kvm_fd)
{
    struct problem p;
    struct guest_memory m = {0};
    struct vcpu c = {.vm_fd = -1, .fd = -1};
    enum kvm_kind kind = access("/sys/module/kvm_amd", F_OK) == 0 ? KVM_KIND_SVM : KVM_KIND_VMX;
    enum hypercall_instruction how = vcpu_hypercall(kind, BH_DOORBELL_VMCALL);
    bool works = ioctl(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_EXIT_HYPERCALL) > 0 && descriptor_tables_plan(&m, &p) &&
                 memory_map(&m, &p) && descriptor_tables_write(&m, how, &p) && paging_build(&m, &p) &&
                 vcpu_create(&c, kvm_fd, &m, how, &p) && vmcall_exits(&c, how, kind);
    vcpu_close(&c);
    memory_release(&m);
    return works;
}
