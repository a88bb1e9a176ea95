/* The calling side of scripts/bench gates, for any mechanism that compartments.toml chooses.
 *
 * Commands on standard input, samples on standard output: bench/sample.h.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "bench.h"

static int measure_all(struct bench_samples *s)
{
    return measure_calls(s) || measure_buffers(s) || measure_batches(s) || measure_alloc(s) || measure_exits(s);
}

int main(void)
{
    return bench_serve(measure_all);
}
