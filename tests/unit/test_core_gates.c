/* Hosted tests of the core's gates: refusals, callbacks, time-outs, a peer that dies, workers that run out.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "check.h"
#include "fuzz/fake_core.h"
#include "guest/kernel/core/stats.h"

static int calls;
static uint32_t parent_seen;

static enum bh_status add(struct bh_incoming *call)
{
    calls++;
    parent_seen = call->slot;
    call->ret = call->args[0] + call->args[1];
    return BH_OK;
}

static void post(uint32_t seq, uint16_t fn, uint16_t slot, uint64_t a, uint64_t b)
{
    struct bh_request *request = &fake_region(1)->calls.requests[seq % BH_SLOTS];
    *request = (struct bh_request){.fn = fn, .slot = slot, .args = {a, b}};
    request->seq = seq;
}

static const struct bh_reply *reply(uint16_t slot)
{
    return &fake_region(1)->calls.replies[slot];
}

static void incoming_call_is_answered(void)
{
    fake_core_start(add);
    calls = 0;
    CHECK(!peers_poll());
    post(1, 0, 5, 20, 22);
    CHECK(peers_poll() && calls == 1);
    CHECK(reply(5)->seq == 1 && reply(5)->status == BH_OK && reply(5)->ret == 42);
    CHECK(fake_notifications == 0);
    fake_region(1)->from_end.parked = 1;
    post(2, 1, 6, 1, 2);
    CHECK(peers_poll() && reply(6)->seq == 2 && reply(6)->ret == 3 && fake_notifications == 1);
    post(3, 1, 7, 1, 2);
    CHECK(peers_poll() && fake_notifications == 1); /* one ring wakes it for both */
    fake_region(1)->from_end.parked = 2;
    post(4, 1, 8, 1, 2);
    CHECK(peers_poll() && fake_notifications == 2);
}

/* The peer parks just after the look without a fence: the look behind the fence finds it, once. */
static void late_park_is_seen_before_waiting(void)
{
    fake_core_start(add);
    post(1, 0, 5, 20, 22);
    post(2, 0, 6, 20, 22);
    CHECK(peers_poll() && peers_poll() && fake_notifications == 0);
    fake_region(1)->from_end.parked = 9;
    peers_fence();
    CHECK(fake_notifications == 1);
    fake_region(1)->from_end.parked = 10;
    peers_fence(); /* nothing was posted since */
    CHECK(fake_notifications == 1);
}

static void some_looks_find_every_edge(void)
{
    fake_core_start(add);
    calls = 0;
    for (uint32_t n = 1; n <= 100; n++) {
        post(n, 1, 5, 20, 22);
        peers_poll_some(); /* an edge with traffic without a pause */
    }
    struct endpoint *endpoint = endpoint_of_edge(0, true);
    static const uint64_t none[BH_GATE_ARGS];
    CHECK(calls == 100 && bh_out_post(&endpoint->out, 0, 0, none) == 0);
    fake_region(0)->calls.replies[0].seq = 1;
    for (uint32_t n = 101; n <= 200 && endpoint->out.outstanding; n++) {
        post(n, 1, 5, 20, 22);
        peers_poll_some();
    }
    CHECK(!endpoint->out.outstanding && calls < 200);
}

static void what_was_not_granted_is_refused(void)
{
    fake_core_start(add);
    calls = 0;
    const uint16_t fns[] = {2, 3, 4, 63, 64, 1023, 1024, 65535};
    for (uint32_t i = 0; i < sizeof(fns) / sizeof(*fns); i++) {
        post(i + 1, fns[i], (uint16_t)i, 0, 0);
        CHECK(peers_poll() && reply((uint16_t)i)->seq == i + 1 && reply((uint16_t)i)->status == BH_REFUSED);
    }
    CHECK(calls == 0);
}

static void call_waits_for_a_worker(void)
{
    fake_core_start(add);
    calls = 0;
    fake_free_workers = 0;
    post(1, 0, 0, 1, 1);
    post(2, 0, 1, 2, 2);
    CHECK(!peers_poll() && !peers_poll() && calls == 0);
    fake_free_workers = 2;
    CHECK(peers_poll() && calls == 1 && reply(0)->ret == 2);
    CHECK(peers_poll() && calls == 2 && reply(1)->ret == 4);
}

/* The peer answers our call, after it called back `callbacks_wanted` times. */
static int callbacks_wanted, callbacks_run;
static uint32_t callback_parent, callback_fn;

static void peer_answers(void)
{
    struct bh_edge_region *region = fake_region(0);
    if (callbacks_run < callbacks_wanted) {
        uint32_t seq = (uint32_t)callbacks_run + 1;
        struct bh_request *request = &region->callbacks.requests[seq % BH_SLOTS];
        *request =
            (struct bh_request){.fn = (uint16_t)callback_fn, .slot = 3, .parent = callback_parent, .args = {seq}};
        request->seq = seq;
        return;
    }
    region->calls.replies[0] = (struct bh_reply){.ret = 77, .words = {1, 2, 3, 4, 5}};
    region->calls.replies[0].seq = region->calls.requests[1].seq;
}

static enum bh_status on_callback(struct bh_incoming *call, uintptr_t function)
{
    callbacks_run++;
    call->ret = call->args[0] * 2;
    return function == 99 ? BH_OK : BH_BAD_ARGUMENT;
}

static const struct bh_callback one_callback[1] = {{on_callback, 99}};

static void outgoing_call_with_callbacks(void)
{
    fake_core_start(add);
    callbacks_run = 0;
    callbacks_wanted = 3;
    callback_parent = callback_fn = 0;
    fake_on_wait = peer_answers;
    struct bh_outgoing call = {.edge = 0, .n_callbacks = 1, .callbacks = one_callback, .timeout = BH_FOREVER};
    CHECK(gate_call(&call) == BH_OK);
    CHECK(call.ret == 77 && call.words[4] == 5 && callbacks_run == 3);
    CHECK(fake_region(0)->callbacks.replies[3].ret == 6 && fake_region(0)->callbacks.replies[3].status == BH_OK);
}

static void callback_of_no_call_is_refused(void)
{
    const struct {
        uint32_t parent, fn;
    } bad[] = {{1, 0}, {64, 0}, {UINT32_MAX, 0}, {0, 1}, {0, 65535}};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        fake_core_start(add);
        callbacks_run = 0;
        callbacks_wanted = 1;
        callback_parent = bad[i].parent;
        callback_fn = bad[i].fn;
        fake_on_wait = peer_answers;
        struct bh_outgoing call = {.edge = 0, .n_callbacks = 1, .callbacks = one_callback, .timeout = 20000};
        CHECK(gate_call(&call) == BH_TIMED_OUT && callbacks_run == 0);
        CHECK(fake_region(0)->callbacks.replies[3].status == BH_REFUSED);
    }
}

static void late_reply_frees_the_block(void)
{
    fake_core_start(add);
    struct bh_outgoing call = {.edge = 0, .timeout = 5000};
    call.block = gate_arena_alloc(0, BH_ARENA_CALLS, 100);
    CHECK(call.block && gate_call(&call) == BH_TIMED_OUT);
    struct endpoint *endpoint = endpoint_of_edge(0, true);
    CHECK(endpoint->arena.n == 1 && endpoint->out.outstanding == 1);
    fake_region(0)->calls.replies[0].seq = 1;
    CHECK(peers_poll() && endpoint->arena.n == 0 && endpoint->out.outstanding == 0);
}

/* With a time-out of 0 the call is made, and nobody waits. */
static void posted_call_is_made(void)
{
    fake_core_start(add);
    struct endpoint *endpoint = endpoint_of_edge(0, true);
    struct bh_outgoing call = {.edge = 0, .fn = 3, .timeout = 0};
    CHECK(gate_call(&call) == BH_TIMED_OUT && endpoint->out.outstanding == 1);
    CHECK(fake_region(0)->calls.requests[1].seq == 1 && fake_region(0)->calls.requests[1].fn == 3);
    fake_region(0)->calls.replies[0].seq = 1;
    CHECK(peers_poll() && endpoint->out.outstanding == 0);
}

/* ... which is no time-out, in the statistics, and no latency. */
static void posted_call_counts_as_made(void)
{
    static struct bh_stats page;
    struct bh_stats_end *end = &page.ends[0];
    fake_core_start(add);
    struct endpoint *endpoint = endpoint_of_edge(0, true);
    stats = &page;
    endpoint->stats = end;
    struct bh_outgoing call = {.edge = 0, .fn = 3, .timeout = 0};
    enum bh_status posted = gate_call(&call);
    call.timeout = 5000;
    enum bh_status waited = gate_call(&call);
    stats = NULL;
    endpoint->stats = NULL;
    CHECK(posted == BH_TIMED_OUT && waited == BH_TIMED_OUT);
    CHECK(end->started == 2 && end->status[BH_OK] == 1 && end->status[BH_TIMED_OUT] == 1 && end->cycles == 0);
    CHECK(page.recent[0].status == BH_OK && page.recent[1].status == BH_TIMED_OUT &&
          !page.threads[current->id].out.kind);
}

static void no_slot_free_in_time_frees_the_block(void)
{
    fake_core_start(add);
    struct endpoint *endpoint = endpoint_of_edge(0, true);
    static const uint64_t none[BH_GATE_ARGS];
    while (bh_out_post(&endpoint->out, 0, 0, none) >= 0)
        ;
    struct bh_outgoing call = {.edge = 0, .timeout = 5000};
    call.block = gate_arena_alloc(0, BH_ARENA_CALLS, 100);
    CHECK(call.block && gate_call(&call) == BH_TIMED_OUT && endpoint->arena.n == 0);
}

/* The fast path frees a slot, too: threads that wait for one have to be woken. */
static void free_slot_is_announced(void)
{
    fake_core_start(add);
    struct endpoint *endpoint = endpoint_of_edge(0, true);
    static const uint64_t none[BH_GATE_ARGS];
    for (unsigned i = 0; i + 1 < BH_SLOTS; i++)
        CHECK(bh_out_post(&endpoint->out, 0, 0, none) == (int)i);
    fake_watched_channel = &endpoint->out;
    fake_region(0)->calls.replies[BH_SLOTS - 1].seq = BH_SLOTS;
    struct bh_outgoing call = {.edge = 0, .timeout = BH_FOREVER};
    CHECK(gate_call(&call) == BH_OK && fake_wakeups == 1);
}

/* A callee that would like to be the only one whom this VM listens to. */
enum { MANY = 1000 };
static bool other_edge_was_served;

static void post_callback(uint32_t seq)
{
    struct bh_request *request = &fake_region(0)->callbacks.requests[seq % BH_SLOTS];
    *request = (struct bh_request){.slot = 3};
    request->seq = seq;
}

static enum bh_status call_back_again(struct bh_incoming *call, uintptr_t function)
{
    (void)call, (void)function;
    if (++callbacks_run < MANY) {
        post_callback((uint32_t)callbacks_run + 1);
        return BH_OK;
    }
    other_edge_was_served = reply(5)->seq == 1;
    fake_region(0)->calls.replies[0].seq = 1;
    return BH_OK;
}

static void endless_callbacks_leave_time_for_others(void)
{
    static const struct bh_callback again[1] = {{call_back_again, 0}};
    fake_core_start(add);
    callbacks_run = 0;
    other_edge_was_served = false;
    post(1, 0, 5, 20, 22);
    post_callback(1);
    struct bh_outgoing call = {.edge = 0, .n_callbacks = 1, .callbacks = again, .timeout = BH_FOREVER};
    CHECK(gate_call(&call) == BH_OK && callbacks_run == MANY && other_edge_was_served);
}

static void forged_time_out_is_a_refusal(void)
{
    fake_core_start(add);
    fake_region(0)->calls.replies[0] = (struct bh_reply){.status = BH_TIMED_OUT};
    fake_region(0)->calls.replies[0].seq = 1;
    struct bh_outgoing call = {.edge = 0, .timeout = BH_FOREVER};
    CHECK(gate_call(&call) == BH_REFUSED); /* so the stub frees its block */
}

static void free_block_is_announced(void)
{
    fake_core_start(add);
    void *all = gate_arena_alloc(0, BH_ARENA_CALLS, 0x10000);
    CHECK(all && !gate_arena_alloc(0, BH_ARENA_CALLS, 1));
    fake_watched_channel = all;
    gate_arena_free(0, BH_ARENA_CALLS, all);
    CHECK(fake_wakeups == 1 && gate_arena_alloc(0, BH_ARENA_CALLS, 1) == all);
}

static void peer_dies(void)
{
    fake_status()->dead_edges[0] = 1;
    fake_status()->generation++;
}

static void death_of_the_peer_ends_calls(void)
{
    fake_core_start(add);
    fake_on_wait = peer_dies;
    struct bh_outgoing call = {.edge = 0, .timeout = BH_FOREVER};
    CHECK(gate_call(&call) == BH_PEER_DIED);
    CHECK(gate_call(&call) == BH_PEER_DIED); /* at once, nothing is posted */
    CHECK(fake_region(0)->calls.requests[2].seq == 0);
    post(1, 0, 0, 1, 1); /* the other edge lives on */
    CHECK(peers_poll() && reply(0)->ret == 2);
}

static void death_of_the_peer_frees_what_it_kept(void)
{
    fake_core_start(add);
    struct bh_outgoing call = {.edge = 0, .timeout = 5000};
    call.block = gate_arena_alloc(0, BH_ARENA_CALLS, 0x10000);
    CHECK(call.block && gate_call(&call) == BH_TIMED_OUT);
    peer_dies();
    CHECK(peers_poll() && endpoint_of_edge(0, true)->arena.n == 0);
}

/* ---- Calls that are submitted, and collected later ---- */
static void answer(uint32_t slot, uint32_t seq, uint64_t ret)
{
    struct bh_reply *reply = &fake_region(0)->calls.replies[slot];
    reply->status = BH_OK;
    reply->ret = ret;
    reply->seq = seq;
}

static struct bh_outgoing submitted(void)
{
    struct bh_outgoing call = {.edge = 0, .timeout = BH_FOREVER};
    CHECK(gate_submit(&call) == BH_OK);
    return call;
}

static void submitted_calls_are_collected_in_any_order(void)
{
    fake_core_start(add);
    struct bh_outgoing a = submitted(), b = submitted(), c = submitted();
    CHECK(a.slot == 0 && b.slot == 1 && c.slot == 2 && !gate_ready(&a));
    answer(2, 3, 33);
    answer(0, 1, 11);
    peers_poll();
    CHECK(!peers_poll()); /* replies stay in their slots */
    CHECK(gate_ready(&a) && !gate_ready(&b) && gate_ready(&c));
    CHECK(gate_collect(&c) == BH_OK && c.ret == 33 && gate_collect(&a) == BH_OK && a.ret == 11);
    CHECK(gate_collect(&a) == BH_BAD_ARGUMENT); /* there is no such call any more */
    answer(1, 2, 22);
    CHECK(gate_collect(&b) == BH_OK && b.ret == 22 && endpoint_of_edge(0, true)->out.outstanding == 0);
}

static void hostile_replies_to_submitted_calls(void)
{
    fake_core_start(add);
    struct bh_outgoing a = submitted(), b = submitted();
    answer(0, 2, 666);  /* the other call's number */
    answer(63, 1, 666); /* a slot that is not in use */
    CHECK(!peers_poll() && !gate_ready(&a) && !gate_ready(&b));
    answer(0, 1, 11);
    CHECK(gate_collect(&a) == BH_OK && a.ret == 11);
    answer(0, 1, 666); /* a second time */
    CHECK(!peers_poll() && !gate_ready(&b));
    struct bh_outgoing c = submitted();
    CHECK(c.slot == 0 && !gate_ready(&c)); /* the slot holds the old call's reply */
    answer(1, 2, 22);
    answer(0, 3, 33);
    fake_region(0)->calls.replies[0].status = BH_BUSY;
    CHECK(gate_collect(&c) == BH_REFUSED && gate_collect(&b) == BH_OK && b.ret == 22);
    struct bh_outgoing none = {.edge = 0, .slot = 65535};
    CHECK(gate_collect(&none) == BH_BAD_ARGUMENT && gate_ready(&none));
    none.edge = 1;
    CHECK(gate_submit(&none) == BH_NO_GATE && gate_collect(&none) == BH_BAD_ARGUMENT);
}

static void no_more_calls_than_slots(void)
{
    fake_core_start(add);
    struct bh_outgoing calls_[BH_SLOTS], more = {.edge = 0, .timeout = BH_FOREVER};
    for (unsigned i = 0; i < BH_SLOTS; i++)
        calls_[i] = submitted();
    CHECK(gate_submit(&more) == BH_BUSY && gate_call(&more) == BH_BUSY);
    answer(40, 41, 7);
    CHECK(gate_submit(&more) == BH_BUSY); /* answered, not collected */
    CHECK(gate_collect(&calls_[40]) == BH_OK && gate_submit(&more) == BH_OK && more.slot == 40);
    current->id = 7; /* a thread that holds none waits for those that do */
    struct bh_outgoing other = {.edge = 0, .timeout = 5000};
    CHECK(gate_submit(&other) == BH_TIMED_OUT);
    current->id = 0;
}

static void answer_first(void)
{
    answer(0, 1, 5);
}

static void collecting_waits(void)
{
    fake_core_start(add);
    fake_on_wait = answer_first;
    struct bh_outgoing call = submitted();
    CHECK(gate_collect(&call) == BH_OK && call.ret == 5);
}

static void late_reply_to_a_submitted_call_frees_its_block(void)
{
    fake_core_start(add);
    struct bh_outgoing call = {.edge = 0, .timeout = 0};
    call.block = gate_arena_alloc(0, BH_ARENA_CALLS, 100);
    struct endpoint *endpoint = endpoint_of_edge(0, true);
    CHECK(gate_submit(&call) == BH_OK && gate_collect(&call) == BH_TIMED_OUT);
    CHECK(endpoint->arena.n == 1 && gate_collect(&call) == BH_BAD_ARGUMENT);
    answer(0, 1, 5);
    CHECK(peers_poll() && endpoint->arena.n == 0 && endpoint->out.outstanding == 0);
}

static void death_of_the_peer_ends_submitted_calls(void)
{
    fake_core_start(add);
    struct bh_outgoing a = submitted(), b = submitted(), c = submitted();
    answer(1, 2, 22); /* the last that it did */
    peer_dies();
    CHECK(peers_poll() && gate_ready(&a) && gate_ready(&b));
    CHECK(gate_collect(&a) == BH_PEER_DIED && gate_collect(&b) == BH_OK && b.ret == 22);
    CHECK(gate_collect(&c) == BH_PEER_DIED && endpoint_of_edge(0, true)->out.outstanding == 0);
    CHECK(gate_submit(&a) == BH_PEER_DIED && gate_collect(&a) == BH_BAD_ARGUMENT);
}

/* A submitted call has no callbacks, whether or not it is waited for. */
static void submitted_calls_are_not_called_back(void)
{
    fake_core_start(add);
    struct bh_outgoing call = submitted();
    post_callback(1);
    CHECK(peers_poll() && fake_region(0)->callbacks.replies[3].status == BH_REFUSED);
    answer(0, 1, 5);
    CHECK(gate_collect(&call) == BH_OK);
}

static void wrong_ends_have_no_gate(void)
{
    fake_core_start(add);
    struct bh_outgoing call = {.timeout = BH_FOREVER};
    call.edge = 1; /* here we are the callee */
    CHECK(gate_call(&call) == BH_NO_GATE);
    call.edge = 0;
    CHECK(gate_callback(&call) == BH_NO_GATE);
    call.edge = BH_NO_EDGE;
    CHECK(gate_call(&call) == BH_NO_GATE && gate_callback(&call) == BH_NO_GATE);
    CHECK(!gate_arena_alloc(1, BH_ARENA_CALLS, 1) && !gate_arena_alloc(7, BH_ARENA_CALLS, 1));
    CHECK(!gate_arena_alloc(0, BH_ARENA_CALLS, 0x10001));
}

int main(void)
{
    RUN(incoming_call_is_answered);
    RUN(late_park_is_seen_before_waiting);
    RUN(some_looks_find_every_edge);
    RUN(what_was_not_granted_is_refused);
    RUN(call_waits_for_a_worker);
    RUN(outgoing_call_with_callbacks);
    RUN(callback_of_no_call_is_refused);
    RUN(late_reply_frees_the_block);
    RUN(posted_call_is_made);
    RUN(posted_call_counts_as_made);
    RUN(no_slot_free_in_time_frees_the_block);
    RUN(free_slot_is_announced);
    RUN(free_block_is_announced);
    RUN(endless_callbacks_leave_time_for_others);
    RUN(forged_time_out_is_a_refusal);
    RUN(death_of_the_peer_ends_calls);
    RUN(death_of_the_peer_frees_what_it_kept);
    RUN(submitted_calls_are_collected_in_any_order);
    RUN(hostile_replies_to_submitted_calls);
    RUN(no_more_calls_than_slots);
    RUN(collecting_waits);
    RUN(late_reply_to_a_submitted_call_frees_its_block);
    RUN(death_of_the_peer_ends_submitted_calls);
    RUN(submitted_calls_are_not_called_back);
    RUN(wrong_ends_have_no_gate);
    return CHECK_RESULT();
}
