/* Protection keys inside a VM: what the VMM sets up, the trampolines use and the core knows.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Only VMs with more than one domain have any of this (BH_BOOT_KEYS). A domain is what one PKRU
 * value stands for: a compartment with mechanism mpk, or all other compartments of the VM together.
 * How it works and why it holds: docs/mpk.md. Keys and PKRU: Intel SDM vol. 3A, 4.6.2; vol. 2D,
 * WRPKRU. */
#ifndef BH_MPK_H
#define BH_MPK_H

#include "rpc/abi.h"

#define BH_KEYS        16u
#define BH_KEY_PUBLIC  0u            /* all read, only the core writes */
#define BH_KEY_CORE    1u            /* the core's own */
#define BH_DOMAINS_MAX (BH_KEYS - 2) /* in one VM */

/* ---- Addresses, all in the core's window ---- */
#define BH_MPK_CODE_VA            (BH_CORE_BASE + 0x200000ull) /* trampolines: may be run, not read */
#define BH_MPK_CODE_MAX           0x100000ull
#define BH_MPK_PUBLIC_VA          (BH_CORE_BASE + 0x300000ull) /* uint64_t: thread pointer of the running thread */
#define BH_MPK_TABLES_VA          (BH_CORE_BASE + 0x400000ull) /* constants of the trampolines: read-only */
#define BH_MPK_TABLES_MAX         0x200000ull
#define BH_MPK_CORE_VA            (BH_CORE_BASE + 0x600000ull) /* struct bh_mpk: the core's key */
#define BH_MPK_SECRETS_SIZE       0x2000ull
#define BH_MPK_SECRETS_VA(domain) /* uint64_t[]: the domain reads it, nobody writes */ \
    (BH_CORE_BASE + 0x700000ull + (uint64_t)(domain)*BH_MPK_SECRETS_SIZE)
#define BH_MPK_COUNTS_VA(                                                                            \
    domain) /* uint64_t[BH_EDGES_MAX]: calls that the domain made over each edge, counted by the   \
                                    gates if `run --count-mpk` asks for it; the domain writes it */ \
    (BH_CORE_BASE + 0x720000ull + (uint64_t)(domain)*BH_PAGE_SIZE)
#define BH_MPK_STACK_SIZE 0x10000ull /* the core's stack of one thread; the page below is unmapped */
#define BH_MPK_STACK(t) \
    (BH_CORE_BASE + 0x30000000ull + (uint64_t)(t) * (BH_MPK_STACK_SIZE + BH_PAGE_SIZE) + BH_PAGE_SIZE)

/* First bytes of a compartment's TLS slot, which its TLS segment leaves free. Private to the
 * domain. */
struct bh_control {
    uint64_t sp; /* where a call into this compartment begins on this thread; there lies a frame */
};
#define BH_CONTROL_SIZE 64ull
_Static_assert(sizeof(struct bh_control) <= BH_CONTROL_SIZE, "ABI");

/* In the thread control block, from %fs:BH_TCB_OFF on: all read, only the core writes. */
#define BH_TCB_OFF 0x100ull
struct bh_tcb {
    uint64_t core_sp; /* innermost of the core's own frames */
    uint32_t caller;  /* compartment that made the core call that just came in */
    uint32_t mxcsr;   /* what each compartment is entered with */
    uint16_t fcw;     /* the same of the x87 unit */
    uint16_t reserved[3];
};

/* What a compartment leaves behind when it calls out, at the address that its bh_control.sp holds. */
struct bh_frame {
    uint32_t id; /* BH_FRAME_* */
    uint32_t mxcsr;
    uint64_t previous; /* sp before */
    uint64_t call;     /* BH_FRAME_EDGE: struct bh_outgoing * */
};
#define BH_FRAME_NONE    0u
#define BH_FRAME_EDGE(e) (0x1000u + (e)) /* a full gate call over edge e; light ones leave none */
#define BH_FRAME_CORE    0x2000u         /* a core call */
#define BH_FRAME_DOWN(c) (0x3000u + (c)) /* the core's: it called into compartment c */

struct bh_mpk_compartment {
    uint64_t down; /* trampoline: uint64_t (uint64_t entry, uint64_t a0, uint64_t a1, uint64_t sp);
                      0: not here */
    uint32_t domain;
    uint32_t reserved;
    uint64_t guests; /* bit i: compartment i may run on this one's stacks (light gates) */
};
struct bh_mpk {
    struct bh_mpk_compartment compartments[BH_COMPARTMENTS_MAX];
};

#endif
