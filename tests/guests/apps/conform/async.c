/* Conformance: calls that are submitted and waited for later.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bh/gate_conform.h>
#include <bh/gate_relay.h>

#include "check.h"

enum { WINDOW = 16, THREADS = 6, SIZE = 500 };

static uint64_t six(uint64_t i)
{
    return conform_six(i, 2, 3, 4, 5, i * 7);
}

static void in_any_order(void)
{
    struct bh_call calls[WINDOW];
    enum bh_status submitted = BH_OK;
    bool right = true;
    for (unsigned i = 0; i < WINDOW; i++)
        submitted |= bh_gate_submit(conform, conform_six, &calls[i], i, 2, 3, 4, 5, i * 7);
    uint64_t zero = conform_zero(); /* a plain call meanwhile */
    for (unsigned i = WINDOW; i-- > 0;)
        right &= bh_gate_wait(conform, conform_six, &calls[i]) == six(i);
    CHECK(submitted == BH_OK && zero == 42 && right, "async.last first");
    /* A window that moves on: more calls than there are lines. */
    for (unsigned i = 0; i < 300; i++) {
        struct bh_call *call = &calls[i % WINDOW];
        if (i >= WINDOW)
            right &= bh_gate_wait(conform, conform_quick, call) == (int)i - WINDOW + 1;
        bh_gate_submit(conform, conform_quick, call, (int)i);
    }
    for (unsigned i = 300 - WINDOW; i < 300; i++)
        right &= bh_gate_wait(conform, conform_quick, &calls[i % WINDOW]) == (int)i + 1;
    CHECK(right, "async.window");
    bh_gate_submit(conform, conform_halves, &calls[0], 3.0, 5.0f);
    bh_gate_submit(conform, conform_narrow, &calls[1], -1, 2, -3, 4, -5, 6);
    CHECK(bh_gate_wait(conform, conform_halves, &calls[0]) == 4.0, "async.floating point");
    CHECK(bh_gate_wait(conform, conform_narrow, &calls[1]) == 3, "async.narrow integers");
    int got = -1;
    CHECK(TRY(BH_FOREVER, got = bh_gate_wait(conform, conform_quick, &calls[5])) != BH_OK || !isolated(),
          "async.second wait");
    CHECK(!isolated() || got == 0, "async.value of a second wait");
}

static void done_and_dropped(void)
{
    struct bh_call call;
    bh_gate_submit(conform, conform_quick, &call, 5);
    while (!bh_gate_done(&call))
        bh_yield();
    CHECK(bh_gate_wait(conform, conform_quick, &call) == 6, "async.done");
    unsigned char *data = get(SHARED, SIZE);
    bool right = true;
    for (unsigned i = 0; i < 200; i++) { /* lines and arena come back */
        right &= bh_gate_submit(conform, conform_invert, &call, data, SIZE) == BH_OK;
        bh_gate_drop(&call);
    }
    CHECK(right && conform_sum(data, 0) == sum(data, 0), "async.dropped");
    put(SHARED, data);
}

/* Buffers in, out and both ways, of several calls at once. */
static void buffers(enum memory memory)
{
    struct bh_call calls[WINDOW], filling[WINDOW];
    unsigned char *data[WINDOW], *other[WINDOW];
    enum bh_status want = expected(memory, SIZE), got = BH_OK;
    bool right = true, untouched = true;
    for (unsigned i = 0; i < WINDOW; i++) {
        data[i] = get(memory, SIZE);
        other[i] = get(memory, SIZE);
        fill(data[i], SIZE, i);
        memset(other[i], 1, SIZE);
        got |= bh_gate_submit(conform, conform_invert, &calls[i], data[i], SIZE);
        got |= bh_gate_submit(conform, conform_fill, &filling[i], other[i], SIZE, i);
        untouched &= memory == SHARED || !isolated() || other[i][0] == 1; /* it comes back with the wait */
    }
    for (unsigned i = 0; i < WINDOW; i++) {
        enum bh_status status = TRY(BH_FOREVER, bh_gate_wait(conform, conform_invert, &calls[i]));
        right &= status == want && TRY(BH_FOREVER, bh_gate_wait(conform, conform_fill, &filling[i])) == want;
        for (unsigned k = 0; k < SIZE && want == BH_OK; k++)
            data[i][k] = (unsigned char)~data[i][k];
        right &= filled(data[i], SIZE, i) && (want != BH_OK || filled(other[i], SIZE, i));
        put(memory, data[i]);
        put(memory, other[i]);
    }
    CHECK(got == want, "async.%s.submitted", memory_names[memory]);
    CHECK(right && untouched, "async.%s.buffers", memory_names[memory]);
}

static void too_big(void)
{
    size_t bytes = edge_to("conform")->arena_size + 1;
    unsigned char *data = get(PRIVATE, bytes);
    struct bh_call call;
    enum bh_status want = expected(PRIVATE, bytes), submitted;
    memset(data, 0, bytes);
    submitted = bh_gate_submit(conform, conform_sum, &call, data, bytes);
    CHECK(submitted == want, "async.too big, submit");
    CHECK(TRY(BH_FOREVER, bh_gate_wait(conform, conform_sum, &call)) == want, "async.too big, wait");
    put(PRIVATE, data);
}

static void objects(void)
{
    int *quotients = bh_malloc_shared(2 * WINDOW * sizeof(int)), *remainders = quotients + WINDOW;
    struct bh_call calls[WINDOW], word;
    bool right = true;
    for (int i = 0; i < WINDOW; i++)
        bh_gate_submit(conform, conform_divide, &calls[i], 100, i + 1, &quotients[i], &remainders[i]);
    for (int i = 0; i < WINDOW; i++) {
        bh_gate_wait(conform, conform_divide, &calls[i]);
        right &= quotients[i] == 100 / (i + 1) && remainders[i] == 100 % (i + 1);
    }
    CHECK(right, "async.single objects");
    bh_gate_submit(conform, conform_word, &word, 5);
    CHECK(!strcmp(bh_gate_wait(conform, conform_word, &word), "word 5"), "async.string that comes back");
    bh_free_shared(quotients);
    struct conform_counter *counter = conform_counter_new(0);
    for (int i = 0; i < WINDOW; i++)
        bh_gate_submit(conform, conform_counter_add, &calls[i], counter, 1);
    int most = 0;
    for (int i = 0; i < WINDOW; i++) {
        int value = bh_gate_wait(conform, conform_counter_add, &calls[i]);
        most = value > most ? value : most;
    }
    CHECK(most == WINDOW && conform_counter_free(counter) == WINDOW, "async.handle");
    bh_gate_submit(conform, conform_counter_new, &calls[0], 7);
    struct conform_counter *made = bh_gate_wait(conform, conform_counter_new, &calls[0]);
    CHECK(conform_counter_add(made, 1) == 8 && conform_counter_free(made) == 8, "async.new handle");
}

static void structs(void)
{
    struct conform_record *record = bh_malloc_shared(sizeof(*record));
    char *name = bh_malloc_shared(8);
    unsigned char *text = bh_malloc_shared(64);
    strcpy(name, "carol");
    *record = (struct conform_record){.id = 3, .total = 10, .name = name, .text = text, .room = 64, .tag = "abcdefg"};
    struct bh_call call;
    bh_gate_submit(conform, conform_record, &call, record);
    /* Where nothing stands between, all of the struct is there. */
    size_t value = bh_gate_wait(conform, conform_record, &call);
    CHECK(value % 1000 == 5 && record->total == 13 && record->answer == 1.5 && record->filled <= 64, "async.struct");
    bh_free_shared(record);
    bh_free_shared(name);
    bh_free_shared(text);
}

static void failures_and_errno(void)
{
    struct bh_call a, b;
    errno = 5;
    bh_gate_submit(conform, conform_failing, &a, 33);
    bh_gate_submit(conform, conform_failing, &b, 44);
    CHECK(errno == 5, "async.errno before the wait");
    CHECK(bh_gate_wait(conform, conform_failing, &b) == -1 && errno == 44, "async.errno of the second");
    CHECK(bh_gate_wait(conform, conform_failing, &a) == -1 && errno == 33, "async.errno of the first");
    struct conform_counter *gone = conform_counter_new(1);
    conform_counter_free(gone);
    enum bh_status want = isolated() ? BH_BAD_HANDLE : BH_OK, got = want;
    if (isolated()) {
        bh_gate_submit(conform, conform_counter_add, &a, gone, 1);
        got = TRY(BH_FOREVER, bh_gate_wait(conform, conform_counter_add, &a));
    }
    CHECK(got == want, "async.refused by the callee");
}

static int visited;

static int visit(void *context, int value)
{
    visited += value >= 0;
    return context == &visited;
}

static void callbacks(void)
{
    struct bh_call call;
    visited = 0;
    bh_gate_submit(conform, conform_each, &call, visit, &visited, 3);
    int before = visited;
    CHECK(before == 3 && bh_gate_wait(conform, conform_each, &call) == conform_each(visit, &visited, 3),
          "async.callbacks run with submit");
}

/* Calls that no thread has waited for occupy all slots and the whole arena. */
static void busy(void)
{
    static struct bh_call calls[BH_SLOTS], more;
    bool here = (edge_to("relay")->flags & BH_EDGE_LOCAL) == BH_EDGE_LOCAL;
    enum bh_status want = here ? BH_OK : BH_BUSY, all = BH_OK, got, plain;
    for (unsigned i = 0; i < BH_SLOTS; i++)
        all |= bh_gate_submit(relay, relay_sleep, &calls[i], (int)i, 0);
    got = bh_gate_submit(relay, relay_sleep, &more, 1, 0);
    plain = TRY(BH_FOREVER, relay_sleep(1, 0));
    CHECK(all == BH_OK && got == want && plain == want, "async.all lines");
    bh_gate_drop(&more);
    bool right = true;
    for (unsigned i = 0; i < BH_SLOTS; i++)
        right &= bh_gate_wait(relay, relay_sleep, &calls[i]) == (int)i;
    CHECK(right && relay_sleep(9, 0) == 9, "async.lines are free again");
    size_t half = edge_to("conform")->arena_size / 2;
    enum memory memory = expected(PRIVATE, half) == BH_OK ? PRIVATE : SHARED;
    unsigned char *data = get(memory, half);
    fill(data, half, 3);
    bool copies = isolated() && expected(memory, 2 * half + 1) == BH_TOO_BIG;
    for (unsigned i = 0; i < 2; i++)
        all |= bh_gate_submit(conform, conform_sum, &calls[i], data, half);
    got = bh_gate_submit(conform, conform_sum, &calls[2], data, half);
    plain = TRY(BH_FOREVER, conform_sum(data, half));
    want = copies ? BH_BUSY : BH_OK;
    CHECK(all == BH_OK && got == want && plain == want, "async.all of the arena");
    bh_gate_drop(&calls[2]);
    right = bh_gate_wait(conform, conform_sum, &calls[0]) == sum(data, half);
    right &= bh_gate_wait(conform, conform_sum, &calls[1]) == sum(data, half);
    CHECK(right && conform_sum(data, half) == sum(data, half), "async.arena is free again");
    put(memory, data);
}

static bool threads_right;

static void member(unsigned number)
{
    struct bh_call calls[8];
    for (unsigned round = 0; round < 40; round++) {
        unsigned n = 1 + (number + round) % 8;
        for (unsigned i = 0; i < n; i++)
            if (bh_gate_submit(conform, conform_six, &calls[i], i, 2, 3, 4, 5, i * 7))
                threads_right = false;
        for (unsigned i = 0; i < n; i++)
            threads_right &= bh_gate_wait(conform, conform_six, &calls[i]) == 43 * i + 54;
    }
}

/* Twenty threads with up to eight calls each: more than there are lines; those that have none wait for one. */
static void crowd(unsigned number)
{
    (void)number;
    struct bh_call calls[8];
    unsigned n = 0;
    while (n < 8 && bh_gate_submit(conform, conform_sleep, &calls[n], (int)n, 1) == BH_OK)
        n++;
    threads_right &= n > 0;
    for (unsigned i = 0; i < n; i++)
        threads_right &= bh_gate_wait(conform, conform_sleep, &calls[i]) == (int)i;
}

static void timeouts(void)
{
    struct bh_call call, late;
    int value = 7;
    unsigned char data[100];
    fill(data, sizeof(data), 1);
    enum bh_status want = one_vm() ? BH_OK : BH_TIMED_OUT, got;
    bh_gate_submit(conform, conform_sleep, &call, 3, 200);
    uint64_t start = bh_now();
    got = TRY(5 * MS, value = bh_gate_wait(conform, conform_sleep, &call));
    CHECK(got == want && value == (want ? 0 : 3) && bh_now() - start < 150 * MS, "async.time-out of the wait");
    want = expected(PRIVATE, sizeof(data)) ? expected(PRIVATE, sizeof(data)) : want;
    unsigned before = conform_late_done();
    bh_gate_submit(conform, conform_late, &late, data, sizeof(data), 100);
    CHECK(TRY(1 * MS, bh_gate_wait(conform, conform_late, &late)) == want, "async.late reply");
    for (int i = 0; i < 500 && conform_late_done() == before && want == BH_TIMED_OUT; i++)
        bh_sleep(10 * MS);
    CHECK(want == BH_OK || filled(data, sizeof(data), 1), "async.late reply writes nothing");
}

void check_async(void)
{
    in_any_order();
    done_and_dropped();
    buffers(PRIVATE);
    buffers(SHARED);
    too_big();
    objects();
    structs();
    failures_and_errno();
    callbacks();
    busy();
    threads_right = true;
    CHECK(in_threads(THREADS, member) && threads_right, "async.threads");
    CHECK(in_threads(20, crowd) && threads_right, "async.more threads than lines");
    timeouts();
}
