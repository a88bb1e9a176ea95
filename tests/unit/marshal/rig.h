/* A gate without VMs: both ends in this process, shared memory at its real addresses, calls delivered at once.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef MARSHAL_RIG_H
#define MARSHAL_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include "guest/kernel/core/arena.h"
#include "bh/marshal.h"

#define RIG_EDGE       3u
#define RIG_ARENA_SIZE 0x10000ull
#define RIG_SHARE      ((char *)BH_SHARE_BASE(1)) /* not 0: AddressSanitizer's shadow is there */
#define RIG_SHARE_SIZE 0x10000ull
#define RIG_ARENA      ((char *)BH_EDGE_BASE(RIG_EDGE) + BH_EDGE_ARENA_OFF) /* an unmapped page follows */

struct rig {
    struct bh_boot_edge *edge;     /* strategy, ranges: as a test likes */
    struct bh_arena_map arenas[2]; /* by enum bh_arena */
    enum bh_status forced;         /* not BH_OK: calls fail so, after the callee ran if `late` */
    enum bh_status forced_back;    /* the same for callbacks */
    bool late;
    void (*before)(struct bh_incoming *call);      /* peer's chance to spoil a request */
    void (*after)(struct bh_outgoing *call);       /* and a reply */
    void (*before_back)(struct bh_incoming *call); /* and a callback */
    unsigned calls, callbacks;
    uint64_t timeout; /* of the last call */
    uint64_t now;     /* ns; a wait takes a microsecond at most */
    const void *waited_for;
    void (*on_wait)(void);
    uint64_t last_args[BH_GATE_ARGS];
    struct bh_report report; /* the last one */
    unsigned reports;
    char logged[160]; /* the last line of the console */
    jmp_buf ended;    /* where a fatal report goes, if `may_end` */
    bool may_end;
};
extern struct rig rig;

/* Maps everything; once. */
void rig_start(void);
/* Back to: share strategy, one range, nothing forced, all calls through the gate. */
void rig_reset(void);
/* Import `fn`: what bh_gates says about it. */
void rig_import(uint32_t fn, uint64_t direct, uint32_t edge);
/* A call as a hostile caller makes it: any function, any words. */
enum bh_status rig_raw(uint32_t fn, struct bh_incoming *call);
/* Evaluates to true if `expression` ended the appliance with a fatal report. */
#define RIG_ENDS(expression) \
    (rig.may_end = true, setjmp(rig.ended) == 0 ? ((void)(expression), rig.may_end = false) : true)

/* Runs a test from a fresh start. Needs check.h. */
#define RUN_ONE(test) \
    do {              \
        rig_reset();  \
        RUN(test);    \
    } while (0)

#endif
