/* The command loop of a measuring program, and the printing of samples.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "bench/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Distance of two stamps with nothing between them: mean of the least nine tenths. The smallest one would be too
 * small where the counter moves in steps of many cycles (26 on some machines): a distance is then one step too
 * short as often as one too long, and only means are right. */
static uint32_t own_overhead(void)
{
    enum { TIMES = 2000, LEAST = TIMES / 10 * 9 };
    static uint32_t distance[TIMES];
    uint64_t sum = 0;
    for (int i = 0; i < TIMES; i++) {
        uint64_t begin = bench_begin();
        distance[i] = (uint32_t)(bench_end() - begin);
    }
    qsort(distance, TIMES, sizeof(distance[0]), compare_numbers);
    for (int i = 0; i < LEAST; i++)
        sum += distance[i];
    return (uint32_t)((sum + LEAST / 2) / LEAST);
}

static void print_samples(const struct bench_samples *s)
{
    qsort(s->value, s->n, sizeof(s->value[0]), compare_numbers);
    printf("samples %s %u %llu", s->name, (unsigned)s->overhead, (unsigned long long)s->total);
    for (uint32_t i = 0, same; i < s->n; i += same) {
        for (same = 1; i + same < s->n && s->value[i + same] == s->value[i]; same++)
            ;
        printf(" %u:%u", (unsigned)s->value[i], (unsigned)same);
    }
    putchar('\n');
    fflush(stdout);
}

long bench_number(const struct bench_samples *s, const char *kind)
{
    size_t length = strlen(kind);
    char *end;
    if (strncmp(s->name, kind, length) != 0 || s->name[length] != '-')
        return -1;
    long number = strtol(s->name + length + 1, &end, 10);
    return *end ? -1 : number;
}

/* False: not a command. */
static int parse_samples(const char *line, struct bench_samples *s, char name[32])
{
    char how[8] = "";
    unsigned wanted;
    int words = sscanf(line, "%31s %u %7s", name, &wanted, how);
    *s = (struct bench_samples){.name = name, .row = words == 3};
    if (words < 2 || (s->row && strcmp(how, "row") != 0))
        return 0;
    s->wanted = wanted;
    return wanted && wanted <= (s->row ? BENCH_ROW_MAX : BENCH_SAMPLES_MAX);
}

int bench_serve(int (*measure)(struct bench_samples *s))
{
    static char out[1 << 16];
    char line[80], name[32];
    struct bench_samples s;

    setvbuf(stdout, out, _IOFBF, sizeof(out));
    while (fgets(line, sizeof(line), stdin)) {
        if (!parse_samples(line, &s, name)) {
            fprintf(stderr, "bench: want NAME COUNT, with a count of 1 to %u, or NAME COUNT row\n", BENCH_SAMPLES_MAX);
            return 2;
        }
        s.overhead = own_overhead();
        /* Zeroes, written: no page fault while the clock runs. */
        s.value = s.row ? NULL : malloc(s.wanted * sizeof(s.value[0]));
        if (!s.row && !s.value) {
            fputs("bench: no memory for the samples\n", stderr);
            return 1;
        }
        for (uint32_t i = 0; i < s.wanted && s.value; i++)
            ((volatile uint32_t *)s.value)[i] = 0;
        if (measure(&s)) {
            print_samples(&s);
        } else {
            printf("unknown %s\n", name);
            fflush(stdout);
        }
        free(s.value);
    }
    return 0;
}
