/* Fuzzer: a hostile peer writes anything it likes into both edges of a VM, at any moment.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The input is a list of writes of one slot each and of polls. What must hold: only granted functions run; no call
 * of ours ends with a status outside the enumeration; nothing outside the edges' regions is touched (sanitizers). */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fake_core.h"

static const uint8_t *input;
static size_t left;

static uint8_t next_byte(void)
{
    if (!left)
        return 0;
    left--;
    return *input++;
}

static void require(bool condition)
{
    if (!condition)
        abort();
}

static enum bh_status callback_dispatch(struct bh_incoming *call, uintptr_t function)
{
    require(function == 0x1234 && call->edge == 0);
    call->ret = call->args[0];
    return BH_OK;
}

static enum bh_status dispatch(struct bh_incoming *call)
{
    require(call->fn < 2 && call->edge == 1 && call->slot < BH_SLOTS);
    call->ret = call->args[0] + call->args[5];
    if (!(call->fn & BH_EXPORT_NONBLOCKING) && (call->args[1] & 1)) { /* calls its caller back */
        struct bh_outgoing back = {.edge = 1, .parent = call->slot, .timeout = 5000};
        require(gate_callback(&back) <= BH_STATUS_LAST);
    }
    return BH_OK;
}

/* One write by the peer: any slot of either edge, with a seq that is likely to be taken. */
static void peer_write(void)
{
    struct bh_edge_region *region = fake_region(next_byte() & 1);
    struct bh_channel *channel = next_byte() & 1 ? &region->calls : &region->callbacks;
    uint8_t where = next_byte(), bytes[64];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = i < 24 ? next_byte() : (uint8_t)(where + i);
    uint32_t seq = next_byte() & 3 ? (uint32_t)where % BH_SLOTS : (uint32_t)next_byte();
    memcpy(bytes, &seq, sizeof(seq));
    void *slot =
        where & 0x80 ? (void *)&channel->replies[where % BH_SLOTS] : (void *)&channel->requests[where % BH_SLOTS];
    memcpy(slot, bytes, sizeof(bytes));
}

static void peer_acts(void)
{
    for (int n = next_byte() % 4; n >= 0; n--)
        peer_write();
    if (next_byte() == 0xff) {
        fake_status()->dead_edges[0] = next_byte() & 3;
        fake_status()->generation++;
    }
}

static void our_call(void)
{
    static const struct bh_callback callbacks[1] = {{callback_dispatch, 0x1234}};
    struct bh_outgoing call = {.edge = 0, .fn = next_byte(), .n_callbacks = 1, .callbacks = callbacks, .timeout = 5000};
    call.block = next_byte() & 1 ? gate_arena_alloc(0, BH_ARENA_CALLS, next_byte()) : NULL;
    void *block = call.block;
    enum bh_status status = gate_call(&call);
    require(status <= BH_STATUS_LAST);
    if (block && status != BH_TIMED_OUT)
        gate_arena_free(0, BH_ARENA_CALLS, block);
}

/* Calls that are under way while other things happen; `block` NULL: the core has it, or there is none. */
enum { SUBMITTED = 80 };
static struct bh_outgoing submitted[SUBMITTED];
static bool under_way[SUBMITTED];

static void our_submit(void)
{
    unsigned i = next_byte() % SUBMITTED;
    struct bh_outgoing *call = &submitted[i];
    if (under_way[i]) {
        (void)gate_ready(call);
        call->timeout = next_byte() & 1 ? 0 : 5000;
        enum bh_status status = gate_collect(call);
        require(status <= BH_STATUS_LAST && status != BH_BUSY);
        under_way[i] = false;
        if (call->block && status != BH_TIMED_OUT)
            gate_arena_free(0, BH_ARENA_CALLS, call->block);
        return;
    }
    *call = (struct bh_outgoing){.edge = 0, .fn = next_byte(), .timeout = 5000};
    call->block = next_byte() & 1 ? gate_arena_alloc(0, BH_ARENA_CALLS, next_byte()) : NULL;
    enum bh_status status = gate_submit(call);
    under_way[i] = status == BH_OK;
    require(status == BH_OK || status == BH_BUSY || status == BH_PEER_DIED || status == BH_TIMED_OUT);
    if (!under_way[i] && call->block && status != BH_TIMED_OUT)
        gate_arena_free(0, BH_ARENA_CALLS, call->block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input = data;
    left = size;
    fake_core_start(dispatch);
    fake_on_wait = peer_acts;
    memset(under_way, 0, sizeof(under_way));
    while (left) {
        switch (next_byte() % 8) {
        case 0:
        case 4:
            our_call();
            break;
        case 2:
        case 6:
            our_submit();
            break;
        case 1:
        case 5:
            fake_free_workers = next_byte() % 4;
            break;
        default:
            peer_acts();
            peers_poll();
        }
    }
    return 0;
}
