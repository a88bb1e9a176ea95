/* A VM's process under a debugger: it stops, steps, and lets memory and registers be read and changed.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Everything here happens on the vCPU's thread while the vCPU is outside KVM_RUN. A request raises SIGIO, whose handler
 * sets kvm_run.immediate_exit. */
#ifndef BH_VMM_VM_DEBUGGEE_H
#define BH_VMM_VM_DEBUGGEE_H

#include "rpc/hypercall.h"
#include "vmm/vm/debug.h"
#include "vmm/base/problem.h"
#include "vmm/kvm/guest_va.h"

struct vm;

#define BREAKPOINTS_MAX 256u

struct breakpoint {
    struct guest_va at; /* 0: free */
    uint8_t covered;    /* the byte that was there */
    bool users;         /* the debugger set it */
    bool returning;     /* we set it where a thread that does not run will go on */
    bool in_data;       /* the memory is not executable: nothing is put there, and a jump to it faults */
};

/* Where the registers are while the guest stands still. */
enum debug_home {
    HOME_VCPU = 0, /* in the vCPU */
    HOME_FRAME,    /* in what the trap shim pushed; the shim loads them again */
};

struct debuggee {
    int socket;              /* -1: none */
    bool attached, detached; /* detached: there was a debugger, and one of its exceptions may still come */
    bool in_call;            /* a hypercall is not finished, so registers cannot be set */
    bool stop_wanted;
    bool standing;          /* the guest stands still */
    bool hardware;          /* KVM's breakpoints are on, and this is what they are: */
    uint64_t registers[8];  /* DR0 to DR7 */
    struct debug_stop stop; /* why the guest stands still */
    enum debug_home home;
    struct bh_trap frame; /* HOME_FRAME: what goes back there */
    bool fatal;           /* an exception without which the guest cannot go on */
    bool end;             /* the debugger lets that exception end the guest */
    struct debug_going going;
    uint32_t thread; /* the one that is stepped */
    bool stepping;   /* we set TF */
    bool passing;    /* a thread steps over a breakpoint of ours, which is taken out meanwhile */
    struct breakpoint breakpoints[BREAKPOINTS_MAX];
};

/* Takes over the socket; before the sandbox closes in. False: `p`. */
bool debuggee_open(struct vm *vm, struct problem *p);

/* Waits before the first instruction until a debugger lets the guest run. */
void debuggee_wait(struct vm *vm);

/* A signal brought the vCPU out of KVM_RUN: serves all requests that are there. Returns when the guest may run. */
void debuggee_poll(struct vm *vm);

/* The same in the middle of a hypercall, when a signal came while it waited. */
void debuggee_poll_in_call(struct vm *vm);

/* Offers an exception to the debugger: one that the trap shim reported, with its frame at `at`, or KVM's own
 * (KVM_EXIT_DEBUG). True: it was the debugger's, and the guest goes on. False: the exception takes its course. */
bool debuggee_trap(struct vm *vm, struct guest_va at, const struct bh_trap *t);
bool debuggee_exit(struct vm *vm);

/* Tells the debugger that the guest ended: with an exit status, or by the signal with this number. */
void debuggee_ended(struct vm *vm, bool by_signal, uint32_t status);

#endif
