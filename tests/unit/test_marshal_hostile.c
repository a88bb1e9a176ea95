/* Hostile peers of generated code: callees that lie, callers that send anything, memory that changes under the
 * checks.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <pthread.h>
#include <stdatomic.h>

#include "check.h"
#include "fn.h"
#include "rig.h"

#define FN(name) ((uint32_t)bh_fn_sampler_##name)
#define QUIET    (rig.arenas[0].n == 0 && rig.arenas[1].n == 0 && bh_handles_in_use(RIG_EDGE) == 0)

static int visit(void *context, int value)
{
    (void)value;
    return *(int *)context;
}

static const void *sunk_at;

static size_t sink(const void *buffer, size_t size, const char *name)
{
    (void)name;
    sunk_at = buffer;
    return size;
}

/* ---- Hostile callees ------------------------------------------------------------------------- */

/* The reply struct of the frame in flight. */
static uint64_t lies[64];

static void lie(struct bh_outgoing *call)
{
    /* s_run: in {given, number, next_in, avail_in, next_out, avail_out}, then out. */
    memcpy((char *)call->block + 6 * 8, lies, 5 * 8);
}

static void lying_callee(void)
{
    unsigned char in[8] = "12345678", out[8];
    struct s_stream stream = {0};
    struct bh_try t;

    CHECK(s_open(&stream, 0) == 0);
    memset(lies, 0xff, sizeof(lies));
    rig.after = lie;
    stream = (struct s_stream){in, 8, out, 8, NULL, stream.state};
    bh_try_begin(&t, BH_FOREVER);
    s_run(&stream); /* all cursors far away, all lengths huge, a message without an end */
    CHECK(bh_try_end(&t) == BH_BAD_RESULT && stream.next_in == in && stream.avail_out == 8 && !stream.message);
    memset(lies, 0, 4 * 8);
    s_run(&stream); /* the message alone */
    CHECK(strlen(stream.message) < BH_STRING_MAX && stream.next_in == in && !stream.avail_in);
    rig.after = NULL;
    stream = (struct s_stream){NULL, 0, NULL, 0, NULL, stream.state};
    CHECK(s_close(&stream) == 0 && QUIET);
}

static s_point own; /* private memory of the caller */
static uint64_t lent_at;

static void lend_elsewhere(struct bh_outgoing *call)
{
    call->words[0] = lent_at;
}

/* A callee must not make its caller use memory of its own. */
static void lying_lender(void)
{
    const uint64_t share = (uint64_t)RIG_SHARE,
                   wrong[] = {(uint64_t)&own,         share - 8, share + RIG_SHARE_SIZE - 8,
                              share + RIG_SHARE_SIZE, share + 4, UINT64_MAX,
                              UINT64_MAX - 15,        8};
    s_point *lent = &own;

    CHECK(s_lend(64, &lent) == 64 && lent == (s_point *)(share + 64));
    CHECK(s_lend(0, &lent) == 0 && !lent);
    CHECK(s_lend(64, NULL) == 64);
    rig.after = lend_elsewhere;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        lent_at = wrong[i];
        lent = &own;
        CHECK(s_lend(64, &lent) == -9 && lent == &own);
        CHECK(rig.report.status == BH_BAD_ARGUMENT && !rig.report.fatal);
    }
    lent_at = share + RIG_SHARE_SIZE - sizeof(s_point);
    CHECK(s_lend(64, &lent) == 64 && (uint64_t)lent == lent_at);
    rig.after = NULL;
    CHECK(QUIET);
}

static void give_null_callback(struct bh_incoming *call)
{
    call->args[0] = 1;
}

static void spoil_pointer(struct bh_incoming *call)
{
    call->args[0] = (uint64_t)&rig;
}

static void spoil_size(struct bh_incoming *call)
{
    call->args[1] = 1ull << 40;
}

static void lying_callbacks(void)
{
    int factor = 1;
    char text[] = "text";

    rig.before = give_null_callback; /* the caller gave NULL */
    CHECK(s_each(NULL, &factor, 3) == -21 && rig.report.status == BH_REFUSED && !rig.report.fatal);
    rig.before = NULL;
    sunk_at = NULL;
    rig.before_back = spoil_pointer;
    CHECK(s_forward(sink, text, 5) == 0 && rig.report.status == BH_BAD_ARGUMENT && !sunk_at);
    rig.before_back = spoil_size;
    CHECK(s_forward(sink, text, 5) == 0 && !sunk_at);
    rig.before_back = spoil_pointer; /* s_visit: its context is not sent, so it cannot be spoiled */
    CHECK(s_each(visit, &factor, 2) == 2);
    CHECK(QUIET);
}

/* ---- Hostile callers ------------------------------------------------------------------------- */

static enum bh_status sum_of(uint64_t address, uint64_t size)
{
    struct bh_incoming call = {.args = {address, size}};
    return rig_raw(FN(s_sum), &call);
}

static void bad_addresses(void)
{
    static char private[16];
    uint64_t arena = (uint64_t)RIG_ARENA, share = (uint64_t)RIG_SHARE;

    CHECK(sum_of(share, RIG_SHARE_SIZE) == BH_OK && sum_of(share + RIG_SHARE_SIZE - 1, 1) == BH_OK);
    CHECK(sum_of(share, RIG_SHARE_SIZE + 1) == BH_BAD_ARGUMENT);
    CHECK(sum_of(share + RIG_SHARE_SIZE - 1, 2) == BH_BAD_ARGUMENT);
    CHECK(sum_of(share + RIG_SHARE_SIZE, 0) == BH_BAD_ARGUMENT && sum_of(share - 1, 1) == BH_BAD_ARGUMENT);
    CHECK(sum_of(arena + RIG_ARENA_SIZE - 1, 2) == BH_BAD_ARGUMENT && sum_of(arena - 1, 1) == BH_BAD_ARGUMENT);
    CHECK(sum_of(arena, UINT64_MAX) == BH_BAD_ARGUMENT && sum_of(arena + 8, UINT64_MAX - 7) == BH_BAD_ARGUMENT);
    CHECK(sum_of((uint64_t) private, 1) == BH_BAD_ARGUMENT && sum_of(UINT64_MAX, 1) == BH_BAD_ARGUMENT);
    CHECK(sum_of(BH_EDGE_BASE(RIG_EDGE), 8) == BH_BAD_ARGUMENT); /* the ring itself */
    CHECK(sum_of(BH_EDGE_BASE(RIG_EDGE) + BH_EDGE_CB_ARENA_OFF, 8) == BH_BAD_ARGUMENT);
    CHECK(sum_of(1, 0) == BH_BAD_ARGUMENT);
    struct bh_incoming null = {.args = {0, 1000}};
    CHECK(rig_raw(FN(s_is_null), &null) == BH_OK && null.ret == 1);
}

static void bad_words(void)
{
    struct bh_incoming call;

    call = (struct bh_incoming){.args = {(uint64_t)RIG_SHARE, UINT64_MAX}}; /* count = -1 */
    CHECK(rig_raw(FN(s_double), &call) == BH_BAD_ARGUMENT);
    call = (struct bh_incoming){.args = {(uint64_t)RIG_SHARE, 0x80000000, 0x80000000}}; /* overflows 64 bits */
    CHECK(rig_raw(FN(s_matrix), &call) == BH_BAD_ARGUMENT);
    call = (struct bh_incoming){.args = {(uint64_t)RIG_SHARE + 1, 1, 1}}; /* misaligned elements */
    CHECK(rig_raw(FN(s_matrix), &call) == BH_BAD_ARGUMENT);
    /* The size that is checked is the one that the library gets: an int of 64 bits is cut first. */
    call = (struct bh_incoming){.args = {(uint64_t)RIG_SHARE, 0x700000002ull}};
    CHECK(rig_raw(FN(s_double), &call) == BH_OK);
    memset(RIG_SHARE, 'x', RIG_SHARE_SIZE); /* a string without an end */
    call = (struct bh_incoming){.args = {(uint64_t)RIG_SHARE + 1}};
    CHECK(rig_raw(FN(s_length), &call) == BH_BAD_ARGUMENT);
    call = (struct bh_incoming){.args = {(uint64_t)RIG_SHARE + RIG_SHARE_SIZE - 3}};
    CHECK(rig_raw(FN(s_length), &call) == BH_BAD_ARGUMENT);
    call = (struct bh_incoming){.args = {(uint64_t)RIG_SHARE + RIG_SHARE_SIZE}};
    CHECK(rig_raw(FN(s_length), &call) == BH_BAD_ARGUMENT);
    call = (struct bh_incoming){.args = {0x20001}};
    CHECK(rig_raw(FN(s_nest), &call) == BH_BAD_ARGUMENT);
    for (uint64_t frame = 0; frame < 3; frame++) { /* no frame, a misaligned one, one half outside */
        uint64_t at[] = {0, (uint64_t)RIG_SHARE + 4, (uint64_t)RIG_SHARE + RIG_SHARE_SIZE - 8};
        call = (struct bh_incoming){.args = {at[frame]}};
        CHECK(rig_raw(FN(s_run), &call) == BH_BAD_ARGUMENT);
    }
    CHECK(QUIET);
}

static atomic_bool flipping;

/* Changes the lengths in a frame in shared memory as fast as it can. */
static void *flip(void *frame)
{
    volatile uint64_t *words = frame;
    for (uint64_t i = 0; atomic_load(&flipping); i++) {
        words[3] = i & 1 ? 64 : 1u << 30; /* avail_in: right, or too much */
        words[5] = i & 2 ? 8 : 64;        /* avail_out: there is room for 8 */
    }
    return NULL;
}

/* Beyond the arena nothing is mapped: a value that is fetched twice ends this test. */
static void fetched_once(void)
{
    struct s_stream stream = {0};
    uint64_t *words = (uint64_t *)(RIG_SHARE + 4096);
    pthread_t thread;
    unsigned done = 0, refused = 0;

    CHECK(s_open(&stream, 1) == 1);
    void *arena = bh_core()->arena_alloc(RIG_EDGE, BH_ARENA_CALLS, RIG_ARENA_SIZE); /* not poisoned */
    uint64_t in[] = {1, (uint64_t)stream.state, (uint64_t)RIG_SHARE, 64, (uint64_t)RIG_ARENA + RIG_ARENA_SIZE - 8, 8};
    memcpy(words, in, sizeof(in));
    atomic_store(&flipping, true);
    CHECK(pthread_create(&thread, NULL, flip, words) == 0);
    for (unsigned i = 0; i < 2000000 && (i < 20000 || !done || !refused); i++) {
        struct bh_incoming call = {.args = {(uint64_t)words}};
        enum bh_status status = rig_raw(FN(s_run), &call);
        done += status == BH_OK;
        refused += status == BH_BAD_ARGUMENT;
    }
    atomic_store(&flipping, false);
    pthread_join(thread, NULL);
    CHECK(done && refused);
    bh_core()->arena_free(RIG_EDGE, BH_ARENA_CALLS, arena);
    CHECK(s_close(&stream) == 0);
}

/* Random words into every function: refused or done, but never a fault. */
static void random_words(void)
{
    const uint64_t seeds[] = {0,
                              1,
                              7,
                              64,
                              UINT64_MAX,
                              INT64_MAX,
                              0x10000,
                              0x10001,
                              (uint64_t)RIG_SHARE,
                              (uint64_t)RIG_SHARE + 64,
                              (uint64_t)RIG_SHARE + RIG_SHARE_SIZE - 1,
                              (uint64_t)RIG_ARENA,
                              BH_EDGE_BASE(RIG_EDGE),
                              (uint64_t)&rig,
                              0x8000000000000000ull};
    unsigned n = sizeof(seeds) / sizeof(seeds[0]), state = 12345, refused = 0;

    void *arena = bh_core()->arena_alloc(RIG_EDGE, BH_ARENA_CALLS, RIG_ARENA_SIZE);
    for (unsigned round = 0; round < 200000; round++) {
        uint32_t fn = round % (uint32_t)bh_n_exports;
        struct bh_incoming call = {0};
        for (unsigned i = 0; i < BH_GATE_ARGS; i++) {
            state = state * 1664525u + 1013904223u;
            call.args[i] = seeds[(state >> 16) % n];
        }
        for (unsigned i = 0; i < 32; i++) {
            state = state * 1664525u + 1013904223u;
            ((uint64_t *)RIG_SHARE)[i] = seeds[(state >> 16) % n];
        }
        if (fn != FN(s_each)) /* would call back for hours */
            refused += rig_raw(fn, &call) != BH_OK;
    }
    CHECK(refused > 1000);
    bh_core()->arena_free(RIG_EDGE, BH_ARENA_CALLS, arena);
    CHECK(rig.arenas[0].n == 0);
}

int main(void)
{
    rig_start();
    RUN_ONE(lying_callee);
    RUN_ONE(lying_lender);
    RUN_ONE(lying_callbacks);
    RUN_ONE(bad_addresses);
    RUN_ONE(bad_words);
    RUN_ONE(fetched_once);
    RUN_ONE(random_words);
    return CHECK_RESULT();
}
