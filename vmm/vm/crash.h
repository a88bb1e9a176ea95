/* What is known about the end of a VM, or of a gate call that was refused.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The VM's process fills it and sends it to the supervisor, where message_receive() checks it: `vm` and `compartment`
 * are in range, and strings are terminated. Addresses and registers are the guest's and may have any value. */
#ifndef BH_VMM_VM_CRASH_H
#define BH_VMM_VM_CRASH_H

#include "rpc/hypercall.h"
#include "rpc/report.h"

enum crash_kind {
    CRASH_TRAP = 1,     /* exception in the guest: vector, error, cr2, regs */
    CRASH_REPORT = 2,   /* the guest's own: report. Not the VM's end unless report.fatal */
    CRASH_SHUTDOWN = 3, /* triple fault: regs, unless reset */
    CRASH_KILLED = 4,   /* the VM's process died of a signal: `signal` */
    CRASH_KVM = 5,      /* KVM gave up: detail, regs */
    CRASH_FORGED = 6,   /* VM with protection keys: a hypercall that is not the core's: regs */
};
#define CRASH_KIND_LAST CRASH_FORGED /* that a VM's process may tell */
#define CRASH_DEADLOCK  7u           /* the supervisor's: every thread of every VM waits for good */

#define CRASH_CALLS_MAX 12u
#define CRASH_CORE      255u

struct crash {
    uint32_t kind;        /* enum crash_kind */
    uint32_t vm;          /* index */
    uint32_t compartment; /* index: the one whose code ran, as far as rip and rsp tell; one of the
                             VM's */
    uint32_t signal;      /* CRASH_KILLED; 0: it exited without a word */
    uint32_t reset;       /* CRASH_SHUTDOWN: 1: KVM reset the vCPU, as it does on AMD-V; regs are zero */
    uint32_t reserved;
    uint64_t cr2;            /* page faults: the address */
    struct bh_trap regs;     /* vector and error: CRASH_TRAP only */
    struct bh_report report; /* CRASH_REPORT */
    char detail[128];        /* CRASH_KVM: words; else empty */
    /* VMs with protection keys (keyed != 0): */
    uint32_t keyed, pkru;
    uint32_t n_calls;
    struct {
        uint8_t from, to, by_core; /* compartments; from: or CRASH_CORE */
    } calls[CRASH_CALLS_MAX];      /* in flight on the thread, the innermost first */
};

#endif
