/* A VM's process under a debugger: stands still, steps, lets memory and registers be seen and changed.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Everything here happens on the vCPU's thread while the vCPU is out of KVM_RUN. A request raises SIGIO, whose handler
 * sets kvm_run.immediate_exit. */
#ifndef BH_VMM_VM_DEBUGGEE_H
#define BH_VMM_VM_DEBUGGEE_H

#include "vmm/vm/debug.h"
#include "vmm/base/problem.h"

struct vm;

#define BREAKPOINTS_MAX 256u

struct breakpoint {
    uint64_t address; /* 0: free */
    uint8_t covered;  /* the byte that was there */
    bool users;       /* the debugger's */
    bool returning;   /* our own: where a thread goes on that does not run */
};

/* Where the registers are while the guest stands still. */
enum debug_home {
    HOME_VCPU = 0, /* in the vCPU */
    HOME_FRAME,    /* in what the trap shim pushed; the stub loads them again */
};

struct debuggee {
    int socket;              /* -1: none */
    bool attached, detached; /* detached: it was, and something of that may still come */
    bool in_call;            /* a hypercall is not done: registers cannot be set */
    bool stop_wanted;
    bool standing;          /* still */
    bool hardware;          /* KVM's breakpoints are on: */
    uint64_t registers[8];  /* DR0 to DR7 */
    struct debug_stop stop; /* why */
    enum debug_home home;
    uint64_t frame_va;    /* HOME_FRAME */
    struct bh_trap frame; /* HOME_FRAME: what goes back there */
    bool fatal;           /* an exception without which the guest cannot go on */
    bool end;             /* it was told to end by it */
    struct debug_going going;
    uint32_t thread; /* that is stepped */
    bool stepping;   /* TF is ours */
    bool passing;    /* over our own breakpoint, which is out meanwhile */
    struct breakpoint breakpoints[BREAKPOINTS_MAX];
};

/* Takes over the socket; before the sandbox closes in. False: `p`. */
bool debuggee_open(struct vm *vm, struct problem *p);

/* Waits for a debugger's word before the first instruction. */
void debuggee_wait(struct vm *vm);

/* The vCPU came out of KVM_RUN because of a signal: takes what there is to take; returns when the guest shall run. */
void debuggee_poll(struct vm *vm);

/* The same in the middle of a hypercall: a signal came while it waited. */
void debuggee_poll_in_call(struct vm *vm);

/* An exception that the stub reported with its frame at `va`; or KVM's own (KVM_EXIT_DEBUG). True: the debugger's; the
 * guest goes on. False: it takes its course. */
bool debuggee_trap(struct vm *vm, uint64_t va, const struct bh_trap *t);
bool debuggee_exit(struct vm *vm);

/* The guest ended: by itself with a status, or by a signal's number. */
void debuggee_ended(struct vm *vm, bool by_signal, uint32_t status);

/* ---- debug_memory.c ---- */
/* Bytes read, from the start; breakpoints are not seen. */
uint64_t debug_read(struct vm *vm, void *to, uint64_t va, uint64_t size);
bool debug_write(struct vm *vm, uint64_t va, const void *from, uint64_t size);
/* The breakpoint there, or NULL. */
struct breakpoint *breakpoint_at(struct vm *vm, uint64_t va);
bool breakpoint_insert(struct vm *vm, uint64_t va, bool users);
bool breakpoint_remove(struct vm *vm, uint64_t va, bool users);
void breakpoints_clear(struct vm *vm);
/* Takes the int3 itself out, and puts it in again. */
void breakpoint_show(struct vm *vm, const struct breakpoint *b, bool shown);

/* ---- debug_registers.c ---- */
/* Of the thread that runs. */
void registers_get(struct vm *vm, struct debug_registers *r);
bool registers_set(struct vm *vm, const struct debug_registers *r);
uint64_t register_rip(const struct vm *vm), register_rsp(const struct vm *vm), register_rbp(const struct vm *vm);
void register_set_rip(struct vm *vm, uint64_t rip);
void register_set_trap(struct vm *vm, bool on); /* TF */
bool hardware_set(struct vm *vm, const struct debug_hardware *list, uint64_t n);
/* Whether KVM_EXIT_DEBUG is one of those; *address: that was watched, or 0: an instruction. */
bool hardware_hit(const struct vm *vm, uint64_t *address);

/* ---- debug_threads.c: from memory that is the guest's to lie in ---- */
uint32_t thread_running(const struct vm *vm);
uint32_t threads_list(struct vm *vm, struct debug_thread list[DEBUG_THREADS_MAX]);
/* Of a thread that does not run. */
bool thread_registers(struct vm *vm, uint32_t id, struct debug_registers *r);

#endif
