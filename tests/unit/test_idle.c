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
static bool post_while_parking, notify, notified_soon, peer_sleeps;
static uint64_t vms_to_notify, vms_notified;
static uint32_t waking;
static struct bh_crowd *crowd;

static struct thread runnable;

/* ---- What the core's other files would provide ---- */
struct thread_queue ready_threads;
struct endpoint *unfenced_endpoints;

static void make_ready(bool now)
{
    if (now)
        ready_threads.head = &runnable;
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

bool peers_notified_within(uint64_t start, uint64_t cycles)
{
    CHECK(start && cycles);
    return notified_soon;
}

uint32_t peers_waking(void)
{
    return waking;
}

bool peers_need_processor(void)
{
    return peer_sleeps && unfenced_endpoints;
}

uint64_t peers_take_notifications(void)
{
    unfenced_endpoints = NULL;
    return vms_to_notify;
}

void peers_fence_now(void)
{
    fences++;
    unfenced_endpoints = NULL;
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
    (void)a1;
    CHECK(op == BH_HC_PARK && parked);
    parks++;
    timeout_seen = timeout;
    vms_notified = a2;
    clock_now += timeout;
    return notify ? BH_EVENT_NOTIFY : 0;
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
    static struct endpoint posted;
    ready_threads.head = NULL;
    unfenced_endpoints = &posted;
    traffic = parked = parked_when_seen = post_while_parking = false;
    polls = parks = timeout_seen = clock_now = fences = vms_notified = 0;
    *crowd = (struct bh_crowd){.awake = 1, .processors = 2};
    vms_to_notify = waking = 0;
    peer_sleeps = false;
}

static void timers_expire_under_constant_traffic(void)
{
    start();
    traffic = true;
    timer = 100000;
    idle_until_ready();
    CHECK(ready_threads.head && polls < 100000000 && parks == 0 && clock_now >= timer);
    CHECK(fences == 1); /* what was posted before may have a parked peer */
}

static void parks_until_the_deadline(void)
{
    start();
    timer = 3600000000000ull;
    idle_until_ready();
    CHECK(ready_threads.head && parks == 1 && !parked && fences == 1 && timeout_seen > timer / 2 &&
          timeout_seen <= timer);
}

static void looks_again_after_the_flag(void)
{
    start();
    timer = 3600000000000ull;
    post_while_parking = true;
    idle_until_ready();
    CHECK(parked_when_seen && parks == 0 && !parked);
}

/* Cycles polled before the last of `n` parks. */
static uint64_t polls_after(int n)
{
    static struct bh_stats counted;
    stats = &counted;
    for (int i = 0; i < n; i++) {
        start();
        counted.spin_cycles = 0;
        timer = 3600000000000ull;
        idle_until_ready();
    }
    stats = NULL;
    return counted.spin_cycles;
}

/* However long the wake-up took: had the VM polled a little longer, it would not have been needed. */
static void polls_longer_when_the_peer_notified_soon(void)
{
    uint64_t least = UINT64_MAX, limit = ((const struct bh_bootinfo *)BH_BOOTINFO_VA)->spin_cycles;
    notify = true;
    notified_soon = false;
    for (int i = 0; i < 100; i++) { /* the least: something else may run meanwhile */
        uint64_t polled = polls_after(i ? 1 : 20);
        least = polled < least ? polled : least;
    }
    CHECK(least < limit);
    notified_soon = true;
    polls_after(20);
    CHECK(polls_after(1) >= limit);
    notify = false;
}

/* Cycles polled before parking while `awake` VMs want two processors and `woken` more wake up. */
static uint64_t polls_in_a_crowd(uint32_t awake, uint32_t woken)
{
    static struct bh_stats counted;
    stats = &counted;
    start();
    timer = 3600000000000ull;
    *crowd = (struct bh_crowd){.awake = awake, .processors = 2};
    waking = woken;
    counted.spin_cycles = 0;
    idle_until_ready();
    CHECK(parks == 1 && fences == 1);
    stats = NULL;
    return counted.spin_cycles;
}

static void gives_up_its_processor_in_a_crowd(void)
{
    uint64_t *limit = &((struct bh_bootinfo *)BH_BOOTINFO_VA)->spin_cycles, before = *limit;
    *limit = 20000000;
    notify = notified_soon = true;
    for (int i = 0; i < 20; i++) /* until it polls for as long as it may */
        polls_in_a_crowd(1, 0);
    CHECK(polls_in_a_crowd(2, 0) >= *limit);
    CHECK(polls_in_a_crowd(1, 1) >= *limit);
    CHECK(polls_in_a_crowd(2, 1) < *limit / 2); /* to the one that it woke: at once */
    CHECK(polls_in_a_crowd(3, 0) < *limit / 2); /* the others may be about to park: after a while */
    notify = notified_soon = false;
    *limit = before;
}

static void parking_rings_for_who_needs_the_processor(void)
{
    start();
    timer = 3600000000000ull;
    peer_sleeps = true;
    vms_to_notify = 1u << 5;
    idle_until_ready();
    CHECK(parks == 1 && fences == 0 && vms_notified == 1u << 5);
}

int main(void)
{
    struct bh_bootinfo *info = mmap((void *)BH_BOOTINFO_VA, BH_PAGE_SIZE, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (info == MAP_FAILED)
        abort();
    info->spin_cycles = 20000;
    crowd = mmap((void *)BH_CROWD_VA, BH_PAGE_SIZE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (crowd == MAP_FAILED)
        abort();
    RUN(timers_expire_under_constant_traffic);
    RUN(parks_until_the_deadline);
    RUN(looks_again_after_the_flag);
    RUN(polls_longer_when_the_peer_notified_soon);
    RUN(gives_up_its_processor_in_a_crowd);
    RUN(parking_rings_for_who_needs_the_processor);
    return CHECK_RESULT();
}
