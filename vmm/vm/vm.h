/* One VM, as its own process sees it.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_VM_VM_H
#define BH_VMM_VM_VM_H

#include "vmm/vm/console.h"
#include "vmm/vm/debuggee.h"
#include "vmm/mpk/keys.h"
#include "vmm/vm/message.h"
#include "vmm/net/net.h"
#include "vmm/kvm/vcpu.h"
#include "vmm/resources/vm_stats.h"
#include "vmm/resources/resources.h"

struct vm {
    struct resources *w;
    uint32_t index;
    bool application; /* holds the default compartment: standard streams are its */
    struct guest_memory memory;
    struct keys keys; /* memory.keyed says whether they are in use */
    struct vcpu vcpu;
    struct console console;
    int supervisor;         /* socket */
    int notify_fd;          /* eventfd: what wakes this VM when it is parked */
    uint32_t reports;       /* sent so far */
    uint32_t marked;        /* bit phase: BH_HC_MARK came */
    struct net *net;        /* NULL: no network device */
    int dump;               /* socket: where cores go */
    struct vm_stats *stats; /* ours, not the guest's */
    struct debuggee debuggee;
    int kick; /* eventfd: the guest's BH_PORT_KICK; -1: no network device */
};

/* The process of VM v, from fork to its end. Never returns. */
void vm_main(struct resources *w, uint32_t v) __attribute__((noreturn));

/* Plans every region of the VM: the one place that says what a VM can see. */
bool vm_plan_memory(struct vm *vm, uint64_t bootinfo_size, struct problem *p);

/* Fills mapped memory with images and gate tables (not the boot information). */
bool vm_load(struct vm *vm, struct problem *p);

/* Runs the vCPU until the VM ends. Never returns. */
void vm_run(struct vm *vm) __attribute__((noreturn));

/* Writes what the console holds, and ends this process. */
void vm_end(struct vm *vm) __attribute__((noreturn));

/* Tells the supervisor what happened and ends this process. `c` has its kind and its kind's fields;
 * the rest is filled in here. */
void vm_crash(struct vm *vm, struct crash *c) __attribute__((noreturn));

struct bh_trap trap_from_kvm(const struct kvm_regs *r);

/* Sends a time stamp named "vmN.name" if marks were asked for. */
void vm_mark(const struct vm *vm, const char *name);

#endif
