/* Hosted tests of a channel: order, wrap-around, a full channel, and a peer that lies.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "check.h"
#include "rpc/channel.h"

static struct bh_channel channel;
static struct bh_out out;
static struct bh_in in;

static void reset(uint32_t seq)
{
    memset(&channel, 0, sizeof(channel));
    out = (struct bh_out){.channel = &channel, .seq = seq};
    in = (struct bh_in){.channel = &channel, .seq = seq};
}

struct result {
    enum bh_status status;
    BH_REPLY_VALUES;
};

static void reply(const struct bh_fetched *request, const struct result *result)
{
    bh_in_reply(&in, request, result->status, result->values);
}

static const uint64_t six[BH_GATE_ARGS] = {1, 2, 3, 4, 5, 6};

static void call_and_reply(void)
{
    reset(0);
    CHECK(!bh_in_ready(&in));
    int slot = bh_out_post(&out, 7, 9, six);
    CHECK(slot == 0);
    CHECK(!bh_out_ready(&out, 0));
    CHECK(bh_in_ready(&in));
    struct bh_fetched request;
    CHECK(bh_in_fetch(&in, &request));
    CHECK(request.fn == 7 && request.parent == 9 && request.slot == 0 && request.seq == 1);
    CHECK(!memcmp(request.args, six, sizeof(six)));
    CHECK(!bh_in_ready(&in));
    struct result sent = {.status = BH_OK, .ret = 42, .words = {5, 4, 3, 2, 1}}, got;
    reply(&request, &sent);
    CHECK(bh_out_ready(&out, 0));
    got.status = bh_out_collect(&out, 0, got.values);
    CHECK(got.status == BH_OK && got.ret == 42 && !memcmp(got.words, sent.words, sizeof(got.words)));
    CHECK(out.outstanding == 0);
}

static void sequence_wraps(void)
{
    reset(UINT32_MAX - 100);
    for (int i = 0; i < 300; i++) {
        struct bh_fetched request;
        struct result result = {.status = BH_OK, .ret = (uint64_t)i}, got;
        int slot = bh_out_post(&out, 1, 0, six);
        CHECK(slot == 0 && bh_in_ready(&in) && bh_in_fetch(&in, &request));
        reply(&request, &result);
        CHECK(bh_out_ready(&out, 0));
        got.status = bh_out_collect(&out, 0, got.values);
        CHECK(got.ret == (uint64_t)i);
    }
}

static void full_channel_refuses(void)
{
    reset(0);
    for (unsigned i = 0; i < BH_SLOTS; i++)
        CHECK(bh_out_post(&out, (uint16_t)i, 0, six) == (int)i);
    CHECK(bh_out_post(&out, 0, 0, six) == -1);
    struct bh_fetched requests[BH_SLOTS];
    for (unsigned i = 0; i < BH_SLOTS; i++)
        CHECK(bh_in_ready(&in) && bh_in_fetch(&in, &requests[i]) && requests[i].fn == i);
    /* Out of order: the free slot is the one whose reply came. */
    struct result result = {.status = BH_OK}, got;
    reply(&requests[17], &result);
    CHECK(bh_out_ready(&out, 17) && !bh_out_ready(&out, 16));
    got.status = bh_out_collect(&out, 17, got.values);
    CHECK(bh_out_post(&out, 99, 0, six) == 17);
    struct bh_fetched late;
    CHECK(bh_in_ready(&in) && bh_in_fetch(&in, &late) && late.fn == 99 && late.slot == 17);
}

static void hostile_slot_is_dropped(void)
{
    reset(0);
    bh_out_post(&out, 1, 0, six);
    channel.requests[1].slot = BH_SLOTS;
    struct bh_fetched request;
    CHECK(bh_in_ready(&in) && !bh_in_fetch(&in, &request));
    CHECK(!bh_in_ready(&in));
}

static void hostile_status_is_a_refusal(void)
{
    reset(0);
    bh_out_post(&out, 1, 0, six);
    channel.replies[0].status = 0xdeadbeef;
    channel.replies[0].seq = 1;
    struct result got;
    CHECK(bh_out_ready(&out, 0));
    got.status = bh_out_collect(&out, 0, got.values);
    CHECK(got.status == BH_REFUSED);
}

/* What the calling end alone can find out, and would act upon. */
static void forged_status_is_a_refusal(void)
{
    const enum bh_status forged[] = {BH_TOO_BIG, BH_UNANNOTATED, BH_TIMED_OUT, BH_PEER_DIED, BH_NO_GATE, BH_BUSY};
    for (unsigned i = 0; i < sizeof(forged) / sizeof(*forged); i++) {
        reset(0);
        bh_out_post(&out, 1, 0, six);
        channel.replies[0].status = forged[i];
        channel.replies[0].seq = 1;
        struct result got;
        got.status = bh_out_collect(&out, 0, got.values);
        CHECK(got.status == BH_REFUSED);
    }
}

static void stale_and_replayed_replies_are_not_taken(void)
{
    reset(0);
    struct bh_fetched request;
    struct result result = {.status = BH_OK}, got;
    bh_out_post(&out, 1, 0, six);
    bh_in_ready(&in);
    bh_in_fetch(&in, &request);
    reply(&request, &result);
    got.status = bh_out_collect(&out, 0, got.values);
    bh_out_post(&out, 2, 0, six);
    CHECK(!bh_out_ready(&out, 0)); /* the slot still holds the reply to request 1 */
    reply(&request, &result);
    CHECK(!bh_out_ready(&out, 0));
}

/* Two real threads, many calls in flight: every reply matches its request. */
enum { CALLS = 200000 };

static void *echo(void *unused)
{
    (void)unused;
    for (int n = 0; n < CALLS;) {
        struct bh_fetched request;
        if (!bh_in_ready(&in)) {
            sched_yield();
            continue;
        }
        if (!bh_in_fetch(&in, &request))
            return (void *)1;
        struct result result = {.status = BH_OK, .ret = request.args[0] * 3 + request.args[5]};
        reply(&request, &result);
        n++;
    }
    return NULL;
}

static void two_threads(void)
{
    reset(0);
    pthread_t thread;
    CHECK(!pthread_create(&thread, NULL, echo, NULL));
    uint64_t expect[BH_SLOTS];
    int posted = 0, done = 0, wrong = 0;
    while (done < CALLS) {
        uint64_t args[BH_GATE_ARGS] = {(uint64_t)posted, 0, 0, 0, 0, (uint64_t)posted * 7};
        int slot = posted < CALLS ? bh_out_post(&out, 1, 0, args) : -1;
        if (slot >= 0) {
            expect[slot] = (uint64_t)posted * 10;
            posted++;
            continue;
        }
        for (unsigned s = 0; s < BH_SLOTS; s++) {
            struct result got;
            if (!(out.outstanding >> s & 1) || !bh_out_ready(&out, s))
                continue;
            got.status = bh_out_collect(&out, s, got.values);
            wrong += got.ret != expect[s];
            done++;
        }
        sched_yield();
    }
    void *failed;
    pthread_join(thread, &failed);
    CHECK(!failed && !wrong);
}

int main(void)
{
    RUN(call_and_reply);
    RUN(sequence_wraps);
    RUN(full_channel_refuses);
    RUN(hostile_slot_is_dropped);
    RUN(hostile_status_is_a_refusal);
    RUN(forged_status_is_a_refusal);
    RUN(stale_and_replayed_replies_are_not_taken);
    RUN(two_threads);
    return CHECK_RESULT();
}
