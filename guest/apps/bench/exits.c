/* Leaving the guest: the parts of a parked gate, and the parked gate itself.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 *     exit        to the VM's process and back
 *     ioeventfd   the doorbell as a port, where it is one
 *     parked      a call: the callee's VM sleeps, and the caller's goes to sleep
 *     to-park     from the end of a call until the callee's VM has parked */
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include <bh/bulkhead.h>
#include <bh/core.h>

#include "bench.h"
#include "benchlib.h"

#define PARK_NS     3000000ull /* longer than any VM polls before it parks */
#define PATIENCE_NS 1000000000ull

static void out_dword(uint32_t value, uint16_t port)
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
                         : "a"((long)BH_HC_LOG), "D"(bh_gates.compartment), "S"(0), [vector] "i"(BH_VECTOR_CALL)
                         : "r8", "r9", "memory");
    else
        __asm__ volatile("xor %%r8d, %%r8d\n\tout %%eax, %%dx"
                         : "=a"(result)
                         : "a"((long)BH_HC_LOG), "D"(bh_gates.compartment), "S"(0), "d"(BH_PORT_CALL)
                         : "r8", "r9", "memory");
}

static const struct bh_boot_edge *first_edge(void)
{
    if (!bh_boot()->n_edges)
        return NULL;
    return (const void *)((const char *)bh_boot() + bh_boot()->edges_off);
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

/* The callee's flag, in the rings of the edge. This VM polls, on its own core. */
static void measure_to_park(struct bench_samples *s, uint32_t edge)
{
    const struct bh_edge_region *region = (const struct bh_edge_region *)BH_EDGE_BASE(edge);
    for (uint32_t i = 0; i < s->wanted; i++) {
        bench_empty();
        uint64_t begin = bench_begin(), start = bh_now();
        while (!atomic_load_explicit(&region->to_end.parked, memory_order_acquire) && bh_now() - start < PATIENCE_NS)
            ;
        bench_add(s, begin);
    }
}

int measure_exits(struct bench_samples *s)
{
    const struct bh_boot_edge *edge = first_edge();
    bool other_vm = edge && edge->doorbell != BH_NO_DOORBELL;
    if (strcmp(s->name, "exit") == 0)
        BENCH_EACH(s, exit_to_vmm());
    else if (strcmp(s->name, "parked") == 0 && other_vm)
        measure_parked(s);
    else if (strcmp(s->name, "to-park") == 0 && other_vm)
        measure_to_park(s, edge->index);
    /* The peer's bell: it is awake or wakes for nothing, on another core. */
    else if (strcmp(s->name, "ioeventfd") == 0 && other_vm && bh_boot()->doorbell == BH_DOORBELL_PORT)
        BENCH_EACH(s, out_dword(edge->doorbell, BH_PORT_NOTIFY));
    else
        return 0;
    return 1;
}
