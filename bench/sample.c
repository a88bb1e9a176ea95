/* The command loop of a measuring program, and the printing of samples.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "bench/sample.h"

#include <stdio.h>
#include <stdlib.h>

/* Smallest distance of two stamps with nothing between them. */
static uint32_t own_overhead(void)
{
    uint64_t least = UINT32_MAX;
    for (int i = 0; i < 10000; i++) {
        uint64_t begin = bench_begin();
        uint64_t cycles = bench_end() - begin;
        if (cycles < least)
            least = cycles;
    }
    return (uint32_t)least;
}

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void print(const struct bench_samples *s)
{
    qsort(s->value, s->n, sizeof(s->value[0]), ascending);
    printf("samples %s %u %llu", s->name, (unsigned)s->overhead, (unsigned long long)s->total);
    for (uint32_t i = 0, same; i < s->n; i += same) {
        for (same = 1; i + same < s->n && s->value[i + same] == s->value[i]; same++)
            ;
        printf(" %u:%u", (unsigned)s->value[i], (unsigned)same);
    }
    putchar('\n');
    fflush(stdout);
}

int bench_serve(int (*measure)(struct bench_samples *s))
{
    static char out[1 << 16];
    char line[80], name[32];
    unsigned wanted;

    setvbuf(stdout, out, _IOFBF, sizeof(out));
    while (fgets(line, sizeof(line), stdin)) {
        if (sscanf(line, "%31s %u", name, &wanted) != 2 || !wanted || wanted > BENCH_SAMPLES_MAX) {
            fprintf(stderr, "bench: want NAME COUNT, with a count of 1 to %u\n", BENCH_SAMPLES_MAX);
            return 2;
        }
        struct bench_samples s = {.name = name, .wanted = wanted, .overhead = own_overhead()};
        s.value = malloc(wanted * sizeof(s.value[0]));
        if (!s.value) {
            fputs("bench: no memory for the samples\n", stderr);
            return 1;
        }
        for (uint32_t i = 0; i < wanted; i++)
            s.value[i] = 0; /* no page fault while the clock runs */
        if (measure(&s)) {
            print(&s);
        } else {
            printf("unknown %s\n", name);
            fflush(stdout);
        }
        free(s.value);
    }
    return 0;
}
