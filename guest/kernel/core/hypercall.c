/* Asking the VMM, by the doorbell that the VMM chose at start; and the clock.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "core.h"

static uint64_t tsc_start;
static uint64_t ns_per_cycle, cycles_per_ns; /* 32.32 fixed point */

long hypercall(enum bh_hypercall op, uint64_t a0, uint64_t a1, uint64_t a2)
{
    long result;
    register uint64_t r8 __asm__("r8") = a2;
    register uint64_t r9 __asm__("r9") = 0;
    if (boot()->doorbell == BH_DOORBELL_VMCALL)
        __asm__ volatile("int %[vector]"
                         : "=a"(result)
                         : "a"((long)op), "D"(a0), "S"(a1), "r"(r8), "r"(r9), [vector] "i"(BH_VECTOR_CALL)
                         : "memory");
    else
        __asm__ volatile("out %%eax, %%dx"
                         : "=a"(result)
                         : "a"((long)op), "D"(a0), "S"(a1), "r"(r8), "r"(r9), "d"(BH_PORT_CALL)
                         : "memory");
    return result;
}

void doorbell_notify(uint32_t doorbell)
{
    if (doorbell == BH_NO_DOORBELL)
        return;
    if (boot()->doorbell == BH_DOORBELL_VMCALL)
        hypercall(BH_HC_NOTIFY, doorbell, 0, 0);
    else
        __asm__ volatile("out %%eax, %%dx" : : "a"(doorbell), "d"(BH_PORT_NOTIFY) : "memory");
}

long net_start(const struct bh_net_setup *setup)
{
    return hypercall(BH_HC_NET_START, (uint64_t)setup, 0, 0);
}

long give_back(const struct bh_range *ranges, uint32_t n)
{
    return hypercall(BH_HC_GIVE_BACK, (uint64_t)ranges, n, 0);
}

void device_kick(uint32_t queue)
{
    if (boot()->doorbell == BH_DOORBELL_VMCALL)
        hypercall(BH_HC_KICK, queue, 0, 0);
    else
        __asm__ volatile("out %%ax, %%dx" : : "a"((uint16_t)queue), "d"(BH_PORT_KICK) : "memory");
}

void clock_init(void)
{
    /* The wall clock is `realtime_ns` plus what is counted from here: milliseconds went by since the VMM read it. */
    tsc_start = boot()->realtime_tsc ? boot()->realtime_tsc : rdtsc();
    uint64_t khz = boot()->tsc_khz ? boot()->tsc_khz : 1;
    ns_per_cycle = (1000000ull << 32) / khz;
    cycles_per_ns = (khz << 32) / 1000000;
}

uint64_t clock_ns(void)
{
    return (uint64_t)((unsigned __int128)(rdtsc() - tsc_start) * ns_per_cycle >> 32);
}

uint64_t ns_to_cycles(uint64_t ns)
{
    return (uint64_t)((unsigned __int128)ns * cycles_per_ns >> 32);
}
