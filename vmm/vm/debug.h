/* Messages between a debugging session and the process of a VM, each of fixed size, over a SEQPACKET socket.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The session (vmm/gdb/) sends a request and waits for the answer with its number; DEBUG_STOPPED and DEBUG_ENDED come
 * whenever they happen. The session checks what it uses of an answer, because a VM's process may have been taken
 * over. */
#ifndef BH_VMM_VM_DEBUG_H
#define BH_VMM_VM_DEBUG_H

#include <stdbool.h>
#include <stdint.h>

#include "rpc/map.h"

#define DEBUG_DATA_MAX     4096u
#define DEBUG_HARDWARE_MAX 4u
#define DEBUG_ANY_THREAD   UINT32_MAX /* the one that runs */

enum debug_ask {
    DEBUG_ATTACH = 1, /* -> stop, if it stands still already (signal != 0) */
    DEBUG_DETACH,     /* breakpoints go, the guest runs */
    DEBUG_STOP,   /* DEBUG_STOPPED follows, unless it stands still already; while ring 0 runs nothing happens: again */
    DEBUG_RUN,    /* run */
    DEBUG_KILL,   /* ends the process */
    DEBUG_READ,   /* address, size -> data, size: what can be read of it from its start */
    DEBUG_WRITE,  /* address, size, data; also what the guest may only read */
    DEBUG_GET,    /* thread -> registers */
    DEBUG_SET,    /* registers, of the thread that runs */
    DEBUG_INSERT, /* address: a breakpoint */
    DEBUG_REMOVE, /* address */
    DEBUG_HARDWARE, /* hardware: all of them, instead of those before */
    DEBUG_THREADS,  /* -> threads, size: how many */
};

/* Integers as the guest has them; `have`: what of it is known. */
#define DEBUG_HAVE_CALLEE_SAVED 1u /* rbx rbp rsp r12 to r15 rip fs_base: a thread that does not run */
#define DEBUG_HAVE_ALL          2u
#define DEBUG_HAVE_PKRU         4u
struct debug_registers {
    uint64_t general[16]; /* GDB's order: rax rbx rcx rdx rsi rdi rbp rsp r8 ... r15 */
    uint64_t rip, rflags, fs_base, gs_base;
    uint32_t cs, ss, ds, es, fs, gs;
    uint32_t have, pkru;
    uint8_t fx[512];  /* FXSAVE's image (Intel SDM vol. 1, 10.5.1) */
    uint8_t ymm[256]; /* upper halves of ymm0 to ymm15 */
};

enum debug_run { DEBUG_CONTINUE = 0, DEBUG_STEP = 1 };
struct debug_going {
    uint32_t how;        /* enum debug_run */
    uint32_t signal;     /* not 0: the exception that stopped it takes its course, and ends the VM */
    uint64_t start, end; /* DEBUG_STEP: on, while the instruction lies in there; 0, 0: one step */
};

enum debug_hardware_kind { DEBUG_EXECUTE = 0, DEBUG_WATCH_WRITE = 1, DEBUG_WATCH_ACCESS = 3 }; /* as in DR7 */
struct debug_hardware {
    uint64_t address;
    uint32_t kind, size; /* 1, 2, 4, 8 bytes, aligned */
};

struct debug_request {
    uint32_t ask, number, thread, reserved;
    uint64_t address, size;
    union {
        uint8_t data[DEBUG_DATA_MAX];
        struct debug_registers registers;
        struct debug_going run;
        struct debug_hardware hardware[DEBUG_HARDWARE_MAX]; /* size says how many */
    };
};

enum debug_answer_kind { DEBUG_DONE = 1, DEBUG_FAILED, DEBUG_STOPPED, DEBUG_ENDED };

enum debug_reason { DEBUG_BY_SIGNAL = 0, DEBUG_BY_BREAKPOINT, DEBUG_BY_HARDWARE, DEBUG_BY_WATCH };
struct debug_stop {
    uint32_t signal; /* Linux's numbers, as GDB has them; 0: asked to stop */
    uint32_t reason; /* enum debug_reason */
    uint32_t thread;
    uint32_t reserved;
    uint64_t address; /* DEBUG_BY_WATCH */
    uint64_t rip, rsp, rbp;
};

/* A thread as the core's memory has it: any values but for `id` and `state`. */
enum debug_thread_state { DEBUG_THREAD_READY = 1, DEBUG_THREAD_RUNS = 2, DEBUG_THREAD_WAITS = 3 };
struct debug_thread {
    uint32_t id, state, compartment, has_deadline;
};
#define DEBUG_THREADS_MAX BH_THREADS_MAX
_Static_assert(sizeof(struct debug_thread) * DEBUG_THREADS_MAX <= DEBUG_DATA_MAX, "threads fit an answer");

struct debug_answer {
    uint32_t kind, number; /* number: of the request */
    uint32_t status;       /* DEBUG_ENDED: exit status, or a signal's number */
    uint32_t by_signal;
    uint64_t size;
    struct debug_stop stop; /* DEBUG_STOPPED; DEBUG_DONE of DEBUG_ATTACH */
    union {
        uint8_t data[DEBUG_DATA_MAX];
        struct debug_registers registers;
        struct debug_thread threads[DEBUG_THREADS_MAX];
    };
};

#endif
