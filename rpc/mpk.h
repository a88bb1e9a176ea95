/* Protection keys inside a VM: what the VMM sets up, the trampolines use and the core knows.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Only VMs with more than one domain have any of this (BH_BOOT_KEYS). A domain is what one PKRU
 * value stands for: a compartment with mechanism mpk, or all other compartments of the VM together.
 * How it works and why it holds: docs/mpk.md. Keys and PKRU: Intel SDM vol. 3A, 4.6.2; vol. 2D,
 * WRPKRU. */
#ifndef BH_RPC_MPK_H
#define BH_RPC_MPK_H

#include "rpc/map.h"

#define BH_KEYS       16 /* of the processor */
#define BH_KEY_PUBLIC 0  /* all read, only the core writes */
#define BH_KEY_CORE   1  /* the core's own */

/* Numbers that the trampolines, in assembly, need of the structures below and of bh/core.h's. */
#define BH_TCB_OFF       0x100 /* of struct bh_tcb, from the thread pointer on */
#define BH_TCB_CORE_SP   (BH_TCB_OFF + 0)
#define BH_TCB_CALLER    (BH_TCB_OFF + 8)
#define BH_TCB_MXCSR     (BH_TCB_OFF + 12)
#define BH_TCB_FCW       (BH_TCB_OFF + 16)
#define BH_CALL_RET      48 /* of struct bh_incoming, and of struct bh_outgoing, which begins like it */
#define BH_CALL_EDGE     104
#define BH_CALL_SLOT     110
#define BH_CALL_SIZE     112
#define BH_FRAME_NONE    0x0            /* struct bh_frame.id */
#define BH_FRAME_EDGE(e) (0x1000 + (e)) /* a full gate call over edge e; light ones leave no frame */
#define BH_FRAME_CORE    0x2000         /* a core call */
#define BH_FRAME_DOWN(c) (0x3000 + (c)) /* the core's: it called into compartment c */

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

_Static_assert(BH_DOMAINS_MAX == BH_KEYS - 2, "rpc/map.h");

/* First bytes of a compartment's TLS slot, which its TLS segment leaves free. Private to the domain. */
struct bh_control {
    uint64_t sp; /* where a call into this compartment begins on this thread; there lies a frame */
};
#define BH_CONTROL_SIZE 64ull
_Static_assert(sizeof(struct bh_control) <= BH_CONTROL_SIZE, "ABI");

/* In the thread control block, from %fs:BH_TCB_OFF on: all read it, only the core writes it. */
struct bh_tcb {
    uint64_t core_sp; /* innermost of the core's own frames */
    uint32_t caller;  /* compartment that made the core call that just came in */
    uint32_t mxcsr;   /* what each compartment is entered with */
    uint16_t fcw;     /* the same of the x87 unit */
    uint16_t reserved[3];
};
_Static_assert(BH_TCB_CORE_SP == BH_TCB_OFF + offsetof(struct bh_tcb, core_sp) &&
                   BH_TCB_CALLER == BH_TCB_OFF + offsetof(struct bh_tcb, caller) &&
                   BH_TCB_MXCSR == BH_TCB_OFF + offsetof(struct bh_tcb, mxcsr) &&
                   BH_TCB_FCW == BH_TCB_OFF + offsetof(struct bh_tcb, fcw),
               "assembly");

/* What a compartment leaves behind when it calls out, at the address that its bh_control.sp holds. */
struct bh_frame {
    uint32_t id; /* BH_FRAME_* */
    uint32_t mxcsr;
    uint64_t previous; /* sp before */
    uint64_t call;     /* BH_FRAME_EDGE: struct bh_outgoing * */
};

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
_Static_assert(sizeof(struct bh_mpk) <= BH_MPK_CORE_MAX, "rpc/map.h");
#endif

#endif
