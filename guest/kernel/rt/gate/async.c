/* The two halves of a call: submitted now, waited for later.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <bh/marshal.h>

_Thread_local uint32_t bh_submitted;

/* Whether both ends are in this VM: then the gate is a trampoline, and the callee runs on this thread. */
static bool is_local(uint32_t index)
{
    const struct bh_boot_edge *edge = bh_edge_of(index);
    return edge && (edge->flags & BH_EDGE_LOCAL) == BH_EDGE_LOCAL;
}

/* The call is not under way any more, or never was. */
static void forget_call(struct bh_async *async)
{
    if (async->counted)
        --*async->submitted;
    async->counted = async->under_way = false;
}

static enum bh_status send_call(struct bh_async *async, enum bh_async_how how)
{
    struct bh_outgoing *call = &async->call;
    async->made_here = async->under_way = async->counted = false;
    if (call->edge == BH_NO_EDGE)
        return async->status = BH_NO_GATE;
    if (how == BH_ASYNC_AT_ONCE || is_local(call->edge)) {
        /* Copy it to the stack, wherever `async` lies: the callee of a light gate can use the stack. */
        struct bh_outgoing here = *call;
        async->status = bh_gate_call(&here);
        *call = here;
    } else {
        async->status = bh_core()->submit(call);
        async->under_way = async->status == BH_OK;
    }
    if (async->status == BH_OK && (async->under_way || call->block)) {
        async->counted = true;
        async->submitted = &bh_submitted;
        bh_submitted++;
    }
    return async->status;
}

enum bh_status bh_async_send(struct bh_async *async, enum bh_async_how how, uint64_t pc)
{
    async->passage = NULL;
    async->pc = pc;
    return send_call(async, how);
}

enum bh_status bh_async_failed(struct bh_async *async, struct bh_passage *passage, enum bh_status status)
{
    async->passage = passage;
    async->status = status;
    async->under_way = async->made_here = async->counted = false;
    if (status != BH_TIMED_OUT) /* then the core frees it */
        bh_pass_end(passage);
    return status;
}

enum bh_status bh_async_send_passage(struct bh_async *async, struct bh_passage *passage, enum bh_async_how how)
{
    async->passage = passage;
    enum bh_status status = send_call(async, how);
    return status == BH_OK ? BH_OK : bh_async_failed(async, passage, status);
}

enum bh_status bh_async_wait(struct bh_async *async)
{
    enum bh_status status = async->status;
    if (async->under_way) {
        async->call.timeout = bh_call_timeout();
        status = bh_core()->collect(&async->call);
    }
    forget_call(async);
    async->status = BH_BAD_ARGUMENT; /* of a second wait */
    return status;
}

void bh_async_end(struct bh_async *async, const struct bh_site *site, enum bh_status status)
{
    if (async->passage)
        bh_pass_failed(async->passage, status);
    else
        bh_gate_failed(site, &async->call, status, NULL, async->pc);
}

int bh_gate_done(const struct bh_call *call)
{
    const struct bh_async *async = (const struct bh_async *)call;
    return !async->under_way || bh_core()->ready(&async->call);
}

void bh_gate_drop(struct bh_call *call)
{
    struct bh_async *async = (struct bh_async *)call;
    enum bh_status status = async->status;
    if (async->under_way) {
        async->call.timeout = 0;
        status = bh_core()->collect(&async->call);
    }
    forget_call(async);
    if (async->passage && status != BH_TIMED_OUT) /* else the core frees the block when the reply comes */
        bh_pass_end(async->passage);
    async->status = BH_BAD_ARGUMENT;
}
