/* Calls with scalars, a callback, several caller threads.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 *     own args0 args6 quick callback
 *     gap-N       a call with no arguments, N cycles of work before each
 *     threads-N   N threads (1 to 16) make the calls between them */
#include <string.h>

#include <bh/bulkhead.h>

#include "bench.h"
#include "benchlib.h"

enum { THREADS_MAX = 16 };

static int listen_callback(int value)
{
    return value;
}

static __attribute__((noinline)) int own_function(void)
{
    __asm__ volatile("");
    return 0;
}

static void measure_gap(struct bench_samples *s, uint64_t gap)
{
    for (uint32_t i = 0; i < s->wanted; i++) {
        uint64_t start = bench_begin();
        while (bench_begin() - start < gap)
            ;
        uint64_t begin = bench_begin();
        bench_empty();
        bench_add(s, begin);
    }
}

/* What the caller threads of one measurement share; they are cooperative. */
static struct team {
    struct bench_samples *s;
    uint32_t left; /* calls not yet begun */
    int stamped;
    struct bh_sem done;
} team;

static void batch_member(void *unused)
{
    (void)unused;
    while (team.left) {
        team.left--;
        uint64_t begin = team.stamped ? bench_begin() : 0;
        bench_empty();
        if (team.stamped)
            bench_add(team.s, begin);
    }
    bh_sem_post(&team.done);
}

/* Cycles that `n` threads take for all calls together. */
static uint64_t measure_together(struct bench_samples *s, int n, int stamped)
{
    int made = 0;
    team = (struct team){.s = s, .left = s->wanted, .stamped = stamped};
    uint64_t begin = bench_begin();
    while (made < n && bh_thread_create(NULL, batch_member, NULL) == 0)
        made++;
    for (int i = 0; i < made; i++)
        bh_sem_wait(&team.done, BH_FOREVER);
    uint64_t cycles = bench_end() - begin;
    if (made < n)
        bh_panic("bench: the VM has no %d threads", n);
    return cycles;
}

int measure_calls(struct bench_samples *s)
{
    long n;
    if (strcmp(s->name, "own") == 0) {
        BENCH(s, own_function());
    } else if (strcmp(s->name, "args0") == 0) {
        BENCH(s, bench_empty());
    } else if (strcmp(s->name, "quick") == 0) {
        BENCH(s, bench_quick());
    } else if (strcmp(s->name, "args6") == 0) {
        BENCH(s, bench_six(1, 2, 3, 4, 5, 6));
    } else if (strcmp(s->name, "callback") == 0) {
        BENCH(s, bench_ask(listen_callback, 1));
    } else if ((n = bench_number(s, "gap")) >= 0) {
        measure_gap(s, (uint64_t)n);
    } else if ((n = bench_number(s, "threads")) > 0 && n <= THREADS_MAX) {
        if (!s->row)
            measure_together(s, (int)n, 1);
        s->total = measure_together(s, (int)n, 0);
    } else {
        return 0;
    }
    return 1;
}
