/* Calls in two halves: N of them in flight from one thread.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 *     batch-N     a sample: N calls submitted, then waited for. In a row: always N in flight, each waited for and
 *     replaced;
 *                 N times as many calls as were asked for, so that both count the same */
#include <bh/bulkhead.h>
#include <bh/gate_benchlib.h>

#include "bench.h"

enum { BATCH_MAX = BH_SLOTS };

static struct bh_call calls[BATCH_MAX];

static void submit_call(struct bh_call *call)
{
    enum bh_status status = bh_gate_submit(benchlib, bench_empty, call);
    if (status != BH_OK)
        bh_panic("bench: a call was not submitted: %s", bh_status_text(status));
}

static void run_batch(long n)
{
    for (long i = 0; i < n; i++)
        submit_call(&calls[i]);
    for (long i = 0; i < n; i++)
        bh_gate_wait(benchlib, bench_empty, &calls[i]);
}

static void run_always(long n, uint64_t total)
{
    for (long i = 0; i < n; i++)
        submit_call(&calls[i]);
    uint64_t next = 0;
    for (uint64_t made = (uint64_t)n; made < total; made++) {
        bh_gate_wait(benchlib, bench_empty, &calls[next]);
        submit_call(&calls[next]);
        next = next + 1 < (uint64_t)n ? next + 1 : 0;
    }
    for (long i = 0; i < n; i++)
        bh_gate_wait(benchlib, bench_empty, &calls[i]);
}

int measure_batches(struct bench_samples *s)
{
    long n = bench_number(s, "batch");
    if (n < 1 || n > BATCH_MAX)
        return 0;
    for (uint32_t i = 0; i < BENCH_WARM_UP && i < s->wanted; i++)
        run_batch(n);
    if (!s->row)
        BENCH_STAMPED(s, run_batch(n));
    uint64_t begin = bench_begin();
    run_always(n, (uint64_t)s->wanted * (uint64_t)n);
    s->total = bench_end() - begin;
    return 1;
}
