/* Functions that do next to nothing, so that what a call costs is the gate. None of them blocks.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCHLIB_H
#define BENCHLIB_H

#include <stddef.h>
#include <stdint.h>

typedef int bench_listener(int value);

int bench_empty(void);
int bench_quick(void);                                          /* the same, declared nonblocking */
long bench_six(long a, long b, long c, long d, long e, long f); /* their sum */
/* Adds one to each of the buffer's 64-bit words; returns the first. */
uint64_t bench_touch(uint64_t *words, size_t size);
uint64_t bench_read(const uint64_t *words, size_t size); /* the sum of all words */
void bench_write(uint64_t *words, size_t size);          /* writes all of it */
/* Looks at the pointer alone; returns `size`. */
size_t bench_pass(void *buffer, size_t size);
int bench_ask(bench_listener *listener, int value); /* listener(value) */

#endif
