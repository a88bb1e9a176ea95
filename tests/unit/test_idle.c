/* Hosted tests of a VM that has nothing to do: timers under constant traffic, the order of parking.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <sys/mman.h>

#include "check.h"
#include "guest/kernel/core/stats.h"

struct bh_stats *stats; /* off */
bool stats_tracing;

static bool traffic, parked, parked_when_seen;
static uint64_t clock_now, timer, polls, parks, timeout_seen, fences;
static bool post_while_parking;

static struct thread runnable;

/* ---- What the core's other files would provide ---- */
struct thread *ready_head;
struct port *unfenced_ports;

static void make_ready(bool now)
{
    if (now)
        ready_head = &runnable;
}

bool watch_has(const volatile void *word)
{
    (void)word;
    return false;
}

void stats_trace_park(uint64_t start, uint64_t cycles)
{
    (void)start, (void)cycles;
}

bool peers_poll(void)
{
    make_ready(++polls > 100000000); /* it would go on for ever */
    clock_now += 10;
    if (parked && post_while_parking) {
        post_while_parking = false;
        parked_when_seen = true;
        make_ready(true);
        return true;
    }
    return traffic;
}

bool peers_poll_some(void)
{
    return peers_poll();
}

void peers_fence_now(void)
{
    fences++;
    unfenced_ports = NULL;
}

uint64_t threads_expire(uint64_t now)
{
    make_ready(now >= timer);
    return now >= timer ? BH_FOREVER : timer - now;
}

void parked_set(uint32_t value)
{
    (void)value;
}

void peers_set_parked(bool value)
{
    parked = value;
}

long hypercall(enum bh_hypercall op, uint64_t timeout, uint64_t a1, uint64_t a2)
{
    (void)a1, (void)a2;
    CHECK(op == BH_HC_PARK && parked);
    parks++;
    timeout_seen = timeout;
    clock_now += timeout;
    return 0;
}

uint64_t clock_ns(void)
{
    return clock_now;
}

uint64_t ns_to_cycles(uint64_t ns)
{
    return ns;
}

void console_flush(void)
{
}

bool stream_wants_input(void)
{
    return false;
}

void stream_input_ready(void)
{
}

static void start(void)
{
    static struct port posted;
    ready_head = NULL;
    unfenced_ports = &posted;
    traffic = parked = parked_when_seen = post_while_parking = false;
    polls = parks = timeout_seen = clock_now = fences = 0;
}

static void timers_expire_under_constant_traffic(void)
{
    start();
    traffic = true;
    timer = 100000;
    idle_until_ready();
    CHECK(ready_head && polls < 100000000 && parks == 0 && clock_now >= timer);
    CHECK(fences == 1); /* what was posted before may have a parked peer */
}

static void parks_until_the_deadline(void)
{
    start();
    timer = 3600000000000ull;
    idle_until_ready();
    CHECK(ready_head && parks == 1 && !parked && fences == 1 && timeout_seen > timer / 2 && timeout_seen <= timer);
}

static void looks_again_after_the_flag(void)
{
    start();
    timer = 3600000000000ull;
    post_while_parking = true;
    idle_until_ready();
    CHECK(parked_when_seen && parks == 0 && !parked);
}

int main(void)
{
    struct bh_bootinfo *info = mmap((void *)BH_BOOTINFO_VA, BH_PAGE_SIZE, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (info == MAP_FAILED)
        abort();
    info->spin_cycles = 20000;
    RUN(timers_expire_under_constant_traffic);
    RUN(parks_until_the_deadline);
    RUN(looks_again_after_the_flag);
    return CHECK_RESULT();
}
