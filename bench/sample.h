/* Timing of single calls by serialised time stamps; used on the host and in the guest alike.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Method: G. Paoloni, "How to Benchmark Code Execution Times on Intel IA-32 and IA-64", Intel 2010,
 * with LFENCE in CPUID's place (Intel SDM vol. 2B, RDTSC: "LFENCE; RDTSC; LFENCE" orders it both
 * ways; CPUID would leave the guest). Unit: TSC cycles. */
#ifndef BENCH_SAMPLE_H
#define BENCH_SAMPLE_H

#include <stdint.h>

#define BENCH_SAMPLES_MAX 50000u    /* of one measurement */
#define BENCH_ROW_MAX     10000000u /* calls in a row */
#define BENCH_WARM_UP     2000u     /* calls before it that are not counted */

struct bench_samples {
    const char *name;
    uint32_t wanted, n;
    uint32_t row;      /* non-zero: no samples, only calls in a row */
    uint32_t overhead; /* of the two stamps themselves, already subtracted */
    uint32_t *value;   /* [wanted], unless `row` */
    uint64_t total;    /* cycles of `wanted` calls in a row without stamps between; 0: not measured */
};

/* The number in "KIND-NUMBER" if that is the name; else -1. */
long bench_number(const struct bench_samples *s, const char *kind);

static inline uint64_t bench_begin(void)
{
    uint32_t lo, hi;
    __asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(lo), "=d"(hi) : : "memory");
    return (uint64_t)hi << 32 | lo;
}

static inline uint64_t bench_end(void)
{
    uint32_t lo, hi;
    __asm__ volatile("rdtscp\n\tlfence" : "=a"(lo), "=d"(hi) : : "rcx", "memory");
    return (uint64_t)hi << 32 | lo;
}

/* Cycles from `begin` to now, without the overhead. Samples beyond `wanted` are dropped. */
static inline void bench_add(struct bench_samples *s, uint64_t begin)
{
    uint64_t cycles = bench_end() - begin;
    cycles = cycles > s->overhead ? cycles - s->overhead : 0;
    if (s->n < s->wanted)
        s->value[s->n++] = cycles < UINT32_MAX ? (uint32_t)cycles : UINT32_MAX;
}

/* Measures EXPRESSION `wanted` times, each on its own, then as often in a row. BENCH_EACH: for what takes long, and
 * needs no warming up; in a row only if asked for that. */
#define BENCH_EACH(s, EXPRESSION)           \
    do {                                    \
        if ((s)->row)                       \
            BENCH_ROW((s), EXPRESSION);     \
        else                                \
            BENCH_STAMPED((s), EXPRESSION); \
    } while (0)
#define BENCH(s, EXPRESSION)                                                \
    do {                                                                    \
        for (uint32_t i_ = 0; i_ < BENCH_WARM_UP && i_ < (s)->wanted; i_++) \
            EXPRESSION;                                                     \
        if (!(s)->row)                                                      \
            BENCH_STAMPED((s), EXPRESSION);                                 \
        BENCH_ROW((s), EXPRESSION);                                         \
    } while (0)
#define BENCH_STAMPED(s, EXPRESSION)                    \
    do {                                                \
        for (uint32_t i_ = 0; i_ < (s)->wanted; i_++) { \
            uint64_t begin_ = bench_begin();            \
            EXPRESSION;                                 \
            bench_add((s), begin_);                     \
        }                                               \
    } while (0)
#define BENCH_ROW(s, EXPRESSION)                      \
    do {                                              \
        uint64_t begin_ = bench_begin();              \
        for (uint32_t i_ = 0; i_ < (s)->wanted; i_++) \
            EXPRESSION;                               \
        (s)->total = bench_end() - begin_;            \
    } while (0)

/* Reads commands "NAME COUNT" or "NAME COUNT row" from standard input until its end, has `measure` fill the samples,
 * and prints each as one line samples NAME OVERHEAD TOTAL CYCLES:COUNT CYCLES:COUNT ... `measure`
 * returns 0 if there is no measurement of that name ("unknown NAME" is printed). Returns an exit
 * status. */
int bench_serve(int (*measure)(struct bench_samples *s));

#endif
