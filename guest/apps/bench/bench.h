/* The parts of the benchmark's application. Each runs the measurements whose names it knows, and returns 0 for others.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef GUEST_APPS_BENCH_H
#define GUEST_APPS_BENCH_H

#include "bench/sample.h"

int measure_calls(struct bench_samples *s);   /* scalars, callback, caller threads */
int measure_buffers(struct bench_samples *s); /* copied and shared */
int measure_alloc(struct bench_samples *s);   /* shared stack buffers; no gate */
int measure_batches(struct bench_samples *s); /* calls in two halves */
int measure_exits(struct bench_samples *s);   /* leaving the guest, parking */

#endif
