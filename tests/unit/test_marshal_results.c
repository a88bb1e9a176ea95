/* Callees that lie about what they return: what is out of range is a failure of the gate, and nothing of it gets to the
 * caller.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <limits.h>

#include "check.h"
#include "fn.h"
#include "rig.h"

#define QUIET (rig.arenas[0].n == 0 && rig.arenas[1].n == 0 && bh_handles_in_use(RIG_EDGE) == 0)
/* Did the last call fail with this result named, and the caller live on? */
#define STRAYED(name) \
    (rig.report.status == BH_BAD_RESULT && !rig.report.fatal && strcmp(rig.report.argument, (name)) == 0)

static uint64_t lie_word, lie_at; /* the value for word `lie_at` of the reply: 0 is the result itself */

static void lie(struct bh_outgoing *call)
{
    call->values[lie_at] = lie_word;
}

/* The reply of a frame begins behind `lie_at` request words. */
static void lie_in_frame(struct bh_outgoing *call)
{
    ((uint64_t *)call->block)[lie_at] = lie_word;
}

static void test_a4_returned_counts(void)
{
    char buf[8] = "unread";
    struct bh_try t;

    rig.after = lie;
    lie_at = 0;
    for (int shift = 0; shift < 60; shift += 6) {
        lie_word = 9ull << shift;
        bh_try_begin(&t, BH_FOREVER);
        long got = s_read(buf, 8, 4);
        CHECK(bh_try_end(&t) == BH_BAD_RESULT && got == -1 && strcmp(buf, "unread") == 0);
        CHECK(s_read(buf, 8, 4) == -1 && errno == EPROTO && STRAYED("return") && rig.reports);
    }
    lie_word = 1000000;
    CHECK(s_read(buf, 8, 4) == -1);
    CHECK(strcmp(rig.report.text, "result out of range: it is 1000000") == 0);
    lie_word = 8;
    CHECK(s_read(buf, 8, 4) == 8 && buf[0] == 'r');
    lie_word = (uint64_t)-5; /* nothing was used */
    CHECK(s_read(buf, 8, 4) == -5);
    rig.after = NULL;
    CHECK(QUIET);
}

static void test_a4_ranges_of_results(void)
{
    const long right[] = {-9, 0, 100, 300}, wrong[] = {-10, 301, LONG_MAX, LONG_MIN};
    int small = 3;

    for (int i = 0; i < 4; i++) {
        CHECK(s_ranged(300, right[i], &small) == right[i] && small == 7);
        small = 3;
        CHECK(s_ranged(300, wrong[i], &small) == -10 && small == 3 && STRAYED("return"));
        CHECK(s_ranged(8, right[i], NULL) == (i < 3 ? right[i] : -10));
    }
    CHECK(s_twice(4, 8) == 8 && s_twice(4, -8) == -8 && s_twice(4, 9) == 1000 && s_twice(4, -9) == 1000);
    CHECK(s_twice(INT32_MAX, INT32_MAX) == INT32_MAX && s_twice(-1, 0) == 1000); /* an empty range */
    CHECK(QUIET);
}

static void test_a4_ranges_of_objects(void)
{
    int small = 3;
    unsigned number = 0;

    rig.after = lie;
    lie_at = 1;
    lie_word = 8;
    CHECK(s_ranged(8, 0, &small) == -10 && small == 3 && STRAYED("*small"));
    lie_word = (uint64_t)-1;
    CHECK(s_ranged(8, 0, &small) == -10 && small == 3 && STRAYED("*small"));
    CHECK(strcmp(rig.report.text, "result out of range: it is -1") == 0);
    lie_word = 3;
    s_tell(&number);
    CHECK(number == 0 && STRAYED("*number"));
    lie_word = 1;
    s_tell(&number);
    CHECK(number == 1);
    rig.after = NULL;
    CHECK(QUIET);
}

static void test_a4_ranges_of_members(void)
{
    struct s_limits limits = {1, S_RED, 7};

    CHECK(s_limit(&limits) == 0 && limits.flags == 15 && limits.big == 0);
    limits = (struct s_limits){1, S_RED, 7};
    rig.after = lie_in_frame; /* in: given, color; out: flags, color, big */
    lie_at = 2, lie_word = 16;
    CHECK(s_limit(&limits) == -10 && limits.flags == 1 && limits.big == 7 && STRAYED("limits->flags"));
    lie_at = 3, lie_word = 6;
    CHECK(s_limit(&limits) == -10 && limits.flags == 1 && STRAYED("limits->color"));
    lie_at = 4, lie_word = UINT64_MAX;
    CHECK(s_limit(&limits) == 0 && limits.big == UINT64_MAX);
    lie_at = 2, lie_word = 99;
    CHECK(s_limit(NULL) == 0); /* nobody gets it */
    rig.after = NULL;
    CHECK(QUIET);
}

static void test_a4_cursors_and_handles(void)
{
    unsigned char in[8] = "12345678", out[8];
    struct s_stream stream = {0};
    struct bh_try t;

    CHECK(s_open(&stream, 0) == 0);
    struct s_state *state = stream.state;
    rig.after = lie_in_frame;
    for (lie_at = 6; lie_at < 10; lie_at++) { /* s_run: 6 request words, then moved, left, moved, left */
        stream = (struct s_stream){in, 8, out, 8, NULL, state};
        lie_word = 9;
        bh_try_begin(&t, BH_FOREVER);
        s_run(&stream);
        CHECK(bh_try_end(&t) == BH_BAD_RESULT);
        CHECK(stream.next_in == in && stream.next_out == out && stream.avail_in == 8 && stream.avail_out == 8);
    }
    rig.after = NULL;
    stream = (struct s_stream){NULL, 0, NULL, 0, NULL, state};
    CHECK(s_close(&stream) == 0);

    struct s_box *box = s_box_new(3);
    uint64_t number = (uint64_t)box;
    const uint64_t forged[] = {1, 0xffff, BH_HANDLES_MAX | 1ull << 16, UINT64_MAX, (uint64_t)&rig | 0x8000};
    rig.after = lie;
    lie_at = 0;
    for (int i = 0; i < 5; i++) {
        lie_word = forged[i];
        bh_try_begin(&t, BH_FOREVER);
        CHECK(s_box_new(4) == NULL && bh_try_end(&t) == BH_BAD_RESULT);
    }
    rig.after = NULL;
    CHECK(s_box_value((struct s_box *)number) == 3);
    bh_handles_caller_died((void *)(uintptr_t)RIG_EDGE); /* frees those that the lies concealed as well */
    CHECK(QUIET);
}

static int agreed;

static int agree(int value)
{
    return agreed + value;
}

/* A caller may lie to its callee as well. */
static void test_a4_callbacks(void)
{
    CHECK(s_poll(agree, 0) == 0 && s_poll(agree, 1) == 1);
    agreed = 1;
    CHECK(s_poll(agree, 1) == -7 && STRAYED("return") && rig.report.compartment == bh_gates.compartment);
    CHECK(QUIET);
}

int main(void)
{
    rig_start();
    RUN_ONE(test_a4_returned_counts);
    RUN_ONE(test_a4_ranges_of_results);
    RUN_ONE(test_a4_ranges_of_objects);
    RUN_ONE(test_a4_ranges_of_members);
    RUN_ONE(test_a4_cursors_and_handles);
    RUN_ONE(test_a4_callbacks);
    return CHECK_RESULT();
}
