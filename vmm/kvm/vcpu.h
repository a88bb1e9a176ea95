/* One virtual CPU: its VM and its initial registers.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_KVM_VCPU_H
#define BH_VMM_KVM_VCPU_H

#include <linux/kvm.h>

#include "vmm/kvm/host.h"
#include "vmm/kvm/regions.h"
#include "vmm/kvm/descriptor_tables.h"

struct vcpu {
    int vm_fd, fd; /* owned */
    struct kvm_run *run;
    uint64_t tsc_khz;
    bool avx;
};

/* Where a vCPU starts. */
struct entry {
    uint64_t rip, rsp, fs_base;
    unsigned ring; /* 3; 0 only for the probes */
};

/* The instruction with which ring 0 makes hypercalls on this host. */
enum hypercall_instruction vcpu_hypercall(enum kvm_kind kind, enum bh_doorbell doorbell);

/* Creates VM and vCPU over `m`, which is mapped and has its page tables. With HYPERCALL_VMCALL or HYPERCALL_VMMCALL,
 * those instructions exit to user space. False: EXIT_HOST. */
bool vcpu_create(struct vcpu *c, int kvm_fd, const struct guest_memory *m, enum hypercall_instruction how,
                 struct problem *p);

/* Sets segments, control registers and general registers: 64-bit mode with interrupts off. */
bool vcpu_start(struct vcpu *c, const struct entry *e, enum kvm_kind kind, struct problem *p);

/* The guest's time stamp counter now; 0: unknown. */
uint64_t vcpu_tsc(const struct vcpu *c);

/* Closes what vcpu_create() opened, also after it failed. */
void vcpu_close(struct vcpu *c);

#endif
