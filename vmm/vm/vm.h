/* One VM, as its own process sees it.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_VM_VM_H
#define BH_VMM_VM_VM_H

#include "rpc/gate.h"
#include "vmm/base/bucket.h"
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
    bool application; /* it holds the default compartment, so the standard streams are its */
    struct guest_memory memory;
    struct keys keys; /* memory.keyed says whether they are in use */
    struct vcpu vcpu;
    struct console console;
    int supervisor; /* socket */
    int notify_fd;  /* eventfd: wakes this VM when it is parked */
    struct bucket reports;
    uint64_t omitted;                       /* reports that were left out and not told of */
    uint32_t marked;                        /* bit n: BH_HC_MARK came for phase n */
    struct net *net;                        /* NULL: no network device */
    int dump;                               /* socket: where core dumps go */
    volatile bool crashed;                  /* nothing is left to do but to send its core */
    struct vm_stats *stats;                 /* the VMM's, not the guest's */
    struct bh_parked *parked[BH_EDGES_MAX]; /* this VM's words about parking, in guest memory */
    uint32_t n_parked;
    struct debuggee debuggee;
    int kick; /* eventfd: the guest's BH_PORT_KICK; -1: no network device */
};

/* The process of VM v, from fork to its end. Never returns. */
void vm_main(struct resources *w, uint32_t v) __attribute__((noreturn));

/* Sends a time stamp named "vmN.name" if marks were asked for. */
void vm_mark(const struct vm *vm, const char *name);

#endif
