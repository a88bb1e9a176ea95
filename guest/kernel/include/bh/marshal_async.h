/* The caller's side of a call in two halves: sent now, waited for later. For generated code.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_MARSHAL_ASYNC_H
#define BH_MARSHAL_ASYNC_H

#include <bh/marshal_caller.h>

/* The beginning of a struct bh_call; generated code puts its own data behind it. */
struct bh_async {
    struct bh_outgoing call;
    enum bh_status status;      /* of a call that is no longer under way */
    bool under_way, counted;    /* in `submitted` */
    bool made_here;             /* by a plain call: only `ret` and errno are left */
    struct bh_passage *passage; /* NULL: argument words suffice */
    uint64_t pc;
    uint32_t *submitted; /* counter of the thread */
};
_Static_assert(sizeof(struct bh_async) == 192 && sizeof(struct bh_passage) == 56 && sizeof(struct bh_argument) == 48,
               "gen_async.py");

enum bh_async_how {
    BH_ASYNC_LATER,   /* send it, the reply is collected later */
    BH_ASYNC_AT_ONCE, /* it has callbacks: they run on this thread, now */
};

/* The first half, arguments complete. Returns what bh_gate_submit() returns. */
enum bh_status bh_async_send_passage(struct bh_async *async, struct bh_passage *passage, enum bh_async_how how);
enum bh_status bh_async_send(struct bh_async *async, enum bh_async_how how, uint64_t pc);
/* The first half ends early: nothing was sent. */
enum bh_status bh_async_failed(struct bh_async *async, struct bh_passage *passage, enum bh_status status);
/* The first half was a plain call. */
static inline enum bh_status bh_async_made_here(struct bh_async *async)
{
    async->status = BH_OK;
    async->under_way = async->counted = false;
    async->made_here = true;
    async->passage = NULL;
    return BH_OK;
}
/* The second half: the results are in async->call. Blocks. */
enum bh_status bh_async_wait(struct bh_async *async);
/* Deals with a call that did not happen, as bh_pass_failed() does. */
void bh_async_end(struct bh_async *async, const struct bh_site *site, enum bh_status status) __attribute__((cold));

#endif
