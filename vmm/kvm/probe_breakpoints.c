/* Probes hardware breakpoints (Documentation/virt/kvm/api.rst, KVM_SET_GUEST_DEBUG).
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/kvm/probe_breakpoints.h"

#include <sys/ioctl.h>

#include "vmm/kvm/memory.h"
#include "vmm/kvm/paging.h"
#include "vmm/kvm/trap_shim.h"
#include "vmm/kvm/vcpu.h"

#define SECOND 2 /* offset of the second instruction of the shim's entry for vector 0; the first is push $0 */

/* Runs the trap shim, which exits after a few instructions if no breakpoint stops it. */
static bool stops_at_breakpoint(struct vcpu *c, enum kvm_kind kind)
{
    struct problem p;
    uint64_t rip = trap_shim_va(bh_shim_vectors);
    struct entry e = {.rip = rip, .rsp = STACK_RING0, .ring = 0};
    struct kvm_guest_debug g = {.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP};
    g.arch.debugreg[0] = rip + SECOND;
    g.arch.debugreg[7] = 0x402;
    return vcpu_start(c, &e, kind, &p) && ioctl(c->fd, KVM_SET_GUEST_DEBUG, &g) == 0 && ioctl(c->fd, KVM_RUN, 0) == 0 &&
           c->run->exit_reason == KVM_EXIT_DEBUG;
}

bool hardware_breakpoints_work(const struct host *h)
{
    struct problem p;
    struct guest_memory m = {0};
    struct vcpu c = {.vm_fd = -1, .fd = -1};
    /* A KVM without VT-x or AMD-V honours breakpoints only while it interprets ring 0, which is where this runs. */
    bool native = h->kvm_kind == KVM_KIND_VMX || h->kvm_kind == KVM_KIND_SVM;
    bool works = native && descriptor_tables_plan(&m, &p) && memory_map(&m, &p) &&
                 descriptor_tables_write(&m, HYPERCALL_NONE, &p) && paging_build(&m, &p) &&
                 vcpu_create(&c, h->kvm_fd, &m, HYPERCALL_NONE, &p) && stops_at_breakpoint(&c, h->kvm_kind);
    vcpu_close(&c);
    memory_release(&m);
    return works;
}
