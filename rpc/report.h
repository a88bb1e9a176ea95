/* A report that a guest makes of its own accord: a panic, a refused gate call, a full heap.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_RPC_REPORT_H
#define BH_RPC_REPORT_H

#include <stdint.h>

enum bh_report_kind {
    BH_REPORT_PANIC = 1,    /* fatal: the core or the runtime gave up; `text` says why */
    BH_REPORT_ASSERT = 2,   /* fatal */
    BH_REPORT_REFUSED = 3,  /* a gate call did not happen: `status`, function, argument */
    BH_REPORT_HEAP = 4,     /* the compartment's heap is full: `size` bytes more were wanted at `pc`. Told once */
    BH_REPORT_CALLBACK = 5, /* the same of a callback: `compartment` is the library's, `peer` the caller's */
};

/* BH_HC_REPORT. Strings are NUL terminated; the VMM does not trust them. */
struct bh_report {
    uint32_t kind;        /* enum bh_report_kind */
    uint32_t fatal;       /* non-zero: this VM ends here */
    uint32_t compartment; /* where it happened */
    uint32_t peer;        /* other compartment of the gate, or BH_NO_PEER */
    uint32_t status;      /* enum bh_status, rpc/gate.h */
    uint32_t thread;
    uint64_t pc;      /* place in the source to name */
    uint64_t address; /* pointer that was refused, or 0 */
    uint64_t size;    /* bytes at that pointer, or of the heap */
    char function[64];
    char argument[32];
    char text[160];
};
#define BH_NO_PEER 0xffffffffu
_Static_assert(sizeof(struct bh_report) == 304, "ABI");

#endif
