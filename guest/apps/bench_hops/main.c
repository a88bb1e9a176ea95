/* Calls between many compartments: scripts/bench gates makes appliances of 2 to 16 of them around it.
 *
 *     pair        application to the first library
 *     star-N      application to each of N libraries in turn, one call each
 *     chain-N     one call through N libraries, one after the other
 * SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "bench/sample.h"
#include "hop.h"

#define ENTRY(name) name,
static uint64_t (*const hops[])(uint64_t, unsigned) = {HOPS(ENTRY)};
enum { HOPS_MAX = sizeof(hops) / sizeof(hops[0]) };

static void all_of(long n)
{
    for (long i = 0; i < n; i++)
        hops[i](1, 0);
}

static int measure_hops(struct bench_samples *s)
{
    long n;
    if (strcmp(s->name, "pair") == 0)
        BENCH(s, hop01(1, 0));
    else if ((n = bench_number(s, "star")) > 0 && n <= HOPS_MAX)
        BENCH_EACH(s, all_of(n));
    else if ((n = bench_number(s, "chain")) > 0 && n <= HOPS_MAX)
        BENCH_EACH(s, hop01(1, (unsigned)n - 1));
    else
        return 0;
    return 1;
}

int main(void)
{
    return bench_serve(measure_hops);
}
