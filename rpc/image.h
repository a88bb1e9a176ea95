/* What an image tells the VMM and the core, and the gate table that the VMM gives it.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_RPC_IMAGE_H
#define BH_RPC_IMAGE_H

#include <stdint.h>

#include "rpc/map.h"
#include "rpc/version.h"

/* What a compartment exports; entry n of the table is function index n. In the image's rodata. */
struct bh_export {
    uint64_t direct;   /* the library's own function: plain call, mechanism none */
    uint64_t dispatch; /* bh_dispatch_fn: checks the arguments of a gate call, then calls `direct` */
    uint64_t name;     /* char *, NUL terminated */
    uint32_t flags;    /* BH_EXPORT_* */
    uint32_t reserved;
};
#define BH_EXPORT_NONBLOCKING 1u /* never blocks: the poller may run it on whatever stack it is on */
_Static_assert(sizeof(struct bh_export) == 32, "ABI");

/* First bytes of a compartment's image, at BH_COMPARTMENT_BASE(i) + BH_IMAGE_OFF; read-only. */
struct bh_image {
    uint64_t magic; /* BH_IMAGE_MAGIC */
    uint32_t version;
    uint32_t compartment; /* the index it was linked for */
    uint64_t init;        /* void (*)(void): runtime start-up, once, on the VM's first thread */
    uint64_t main;        /* int (*)(int, char **, char **): the application; 0 in other compartments */
    uint64_t tls_start;   /* initial image of the TLS segment */
    uint64_t tls_filesz;  /* bytes to copy */
    uint64_t tls_memsz;   /* bytes in all, without the padding; at most BH_TLS_SLOT */
    uint64_t tls_align;
    uint64_t exports; /* struct bh_export[n_exports] */
    uint64_t n_exports;
    uint64_t caller_died; /* void (*)(void *edge): the caller on that edge died; on a thread of its own; or 0 */
};
_Static_assert(sizeof(struct bh_image) == 88, "ABI");

/* First bytes of the core's image, at BH_CORE_IMAGE_VA. */
struct bh_core_image {
    uint64_t magic; /* BH_CORE_MAGIC */
    uint32_t version;
    uint32_t n_calls;     /* entries of `calls` */
    uint64_t start;       /* ring-3 entry: noreturn void (void), on thread 0's stack, %fs base = BH_TLS_TP(0) */
    uint64_t calls;       /* uint64_t[n_calls]: entry of each core call, bh/core.h */
    uint64_t keyed_calls; /* the same for trampolines between protection keys: with checks of the caller */
    uint64_t debug;       /* struct bh_core_debug; 0: none */
};
_Static_assert(sizeof(struct bh_core_image) == 48, "ABI");

/* Where a debugger finds the core's threads, in the core's rodata. Element t of `threads` describes thread t, unless
 * its state is 0 (free); other states are 1 (ready), 2 (running) and 3 (sleeping). */
struct bh_core_debug {
    uint64_t threads; /* BH_THREADS_MAX elements of `stride` bytes; fields at these offsets: */
    uint64_t current; /* address of a pointer to the element of the thread that runs */
    uint32_t stride;
    uint32_t sp;           /* uint64_t: what switch_stacks() left, core/switch.S */
    uint32_t compartment;  /* uint32_t: whose stack it runs on */
    uint32_t state;        /* uint32_t */
    uint32_t has_deadline; /* uint8_t */
    uint32_t wait_channel; /* uint64_t: the address that it sleeps on, if it sleeps */
};
_Static_assert(sizeof(struct bh_core_debug) == 40, "ABI");

/* An entry of a gate table. */
struct bh_import {
    uint64_t direct; /* callee's function when no isolation stands between (same VM, none); else 0 */
    uint64_t gate;   /* else makes the call: the core's entry, or one for this import; see bh_gate_call() */
    uint32_t edge;   /* edge index; BH_NO_EDGE: not granted */
    uint32_t fn;     /* function index in the callee */
};
_Static_assert(sizeof(struct bh_import) == 24, "ABI");
#define BH_NO_EDGE 0xffffffffu

/* A compartment's gate table, at BH_COMPARTMENT_BASE(i) + BH_GATES_OFF: the only way out of a compartment. The VMM
 * writes it at launch; the guest can only read it. A different placement of compartments changes this table and the
 * page tables, never an image. */
struct bh_gate_table {
    uint32_t version;
    uint32_t compartment;
    uint32_t n_imports;
    uint32_t reserved;
    uint64_t core[BH_CORE_CALLS_MAX];
    struct bh_import imports[]; /* in the order of the image's import list (manifest) */
};
_Static_assert(sizeof(struct bh_gate_table) == 16 + 8 * BH_CORE_CALLS_MAX, "ABI");

#endif
