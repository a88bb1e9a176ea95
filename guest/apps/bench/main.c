/* The calling side of scripts/bench gates, on whatever mechanism compartments.toml chose.
 *
 * Commands on standard input, samples on standard output: bench/sample.h.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include <bh/bulkhead.h>
#include <bh/core.h>

#include "bench/sample.h"
#include "benchlib.h"

enum { SMALL = 64, LARGE = 64 * 1024 };
#define PARK_NS 3000000ull /* longer than any VM polls before it parks */

static uint64_t small_buffer[SMALL / sizeof(uint64_t)]; /* private: crosses by copying */
static uint64_t *large_buffer;                          /* in a share, if there is one */

static int listen(int value)
{
    return value;
}

static __attribute__((noinline)) int own_function(void)
{
    __asm__ volatile("");
    return 0;
}

static void out(uint32_t value, uint16_t port)
{
    __asm__ volatile("out %%eax, %%dx" : "+a"(value) : "d"(port) : "memory");
}

/* To the VM's process and back: an empty console line, past the core. */
static void exit_to_vmm(void)
{
    long result;
    if (bh_boot()->doorbell == BH_DOORBELL_VMCALL)
        __asm__ volatile("int %[vector]"
                         : "=a"(result)
                         : "a"((long)BH_HC_LOG), "D"(bh_gates.compartment),
                           "S"(0), [vector] "i"(BH_VECTOR_CALL)
                         : "r8", "r9", "memory");
    else
        __asm__ volatile("xor %%r8d, %%r8d\n\tout %%eax, %%dx"
                         : "=a"(result)
                         : "a"((long)BH_HC_LOG), "D"(bh_gates.compartment), "S"(0),
                           "d"(BH_PORT_CALL)
                         : "r8", "r9", "memory");
}

static const struct bh_boot_edge *first_edge(void)
{
    if (!bh_boot()->n_edges)
        return NULL;
    return (const void *)((const char *)bh_boot() + bh_boot()->edges_off);
}

static int measure_exits(struct bench_samples *s)
{
    const struct bh_boot_edge *edge = first_edge();
    if (strcmp(s->name, "exit") == 0) {
        BENCH_EACH(s, exit_to_vmm());
        return 1;
    }
    /* The peer's bell: it is awake or wakes for nothing, on another core. */
    if (strcmp(s->name, "ioeventfd") == 0 && edge && edge->bell != BH_NO_BELL &&
        bh_boot()->doorbell == BH_DOORBELL_PORT) {
        BENCH_EACH(s, out(edge->bell, BH_PORT_BELL));
        return 1;
    }
    return 0;
}

/* Each call finds its callee parked, and the caller parks while it waits. */
static void measure_parked(struct bench_samples *s)
{
    for (uint32_t i = 0; i < s->wanted; i++) {
        bh_sleep(PARK_NS);
        uint64_t begin = bench_begin();
        bench_empty();
        bench_add(s, begin);
    }
}

static int measure(struct bench_samples *s)
{
    if (strcmp(s->name, "own") == 0)
        BENCH(s, own_function());
    else if (strcmp(s->name, "args0") == 0)
        BENCH(s, bench_empty());
    else if (strcmp(s->name, "quick") == 0)
        BENCH(s, bench_quick());
    else if (strcmp(s->name, "args6") == 0)
        BENCH(s, bench_six(1, 2, 3, 4, 5, 6));
    else if (strcmp(s->name, "copy64") == 0)
        BENCH(s, bench_touch(small_buffer, SMALL));
    else if (strcmp(s->name, "share64") == 0 && large_buffer)
        BENCH(s, bench_touch(large_buffer, SMALL));
    else if (strcmp(s->name, "share64k") == 0 && large_buffer)
        BENCH(s, bench_pass(large_buffer, LARGE));
    else if (strcmp(s->name, "callback") == 0)
        BENCH(s, bench_ask(listen, 1));
    else if (strcmp(s->name, "parked") == 0)
        measure_parked(s);
    else
        return measure_exits(s);
    return 1;
}

int main(void)
{
    large_buffer =
        bh_malloc_shared(LARGE); /* NULL without a share: then that measurement is unknown */
    if (large_buffer)
        memset(large_buffer, 0, LARGE);
    return bench_serve(measure);
}
