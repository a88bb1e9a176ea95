/* The called side of scripts/bench gates.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "benchlib.h"

#include <string.h>

int bench_empty(void)
{
    return 0;
}

int bench_quick(void)
{
    return 0;
}

long bench_six(long a, long b, long c, long d, long e, long f)
{
    return a + b + c + d + e + f;
}

uint64_t bench_touch(uint64_t *words, size_t size)
{
    for (size_t i = 0; i < size / sizeof(*words); i++)
        words[i]++;
    return words[0];
}

uint64_t bench_read(const uint64_t *words, size_t size)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < size / sizeof(*words); i++)
        sum += words[i];
    return sum;
}

void bench_write(uint64_t *words, size_t size)
{
    memset(words, 1, size);
}

size_t bench_pass(void *buffer, size_t size)
{
    return buffer ? size : 0;
}

int bench_ask(bench_listener *listener, int value)
{
    return listener(value);
}
