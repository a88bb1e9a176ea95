/* What a VM does when no thread can run: poll for a while, then park with a deadline.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Polling costs a processor, parking costs a wake-up (tens of microseconds where KVM has no VT-x). The limit adapts as
 * KVM's halt polling does: it grows when a little more polling would have saved a wake-up, and shrinks when the polling
 * did not help. What counts is when the peer notified this VM, not when this VM woke up: where a wake-up takes longer
 * than the limit, two VMs that park in turns would otherwise do so for ever. The VMM bounds the limit
 * (bh_bootinfo.spin_cycles).
 *
 * No VM knows of the others whether they run, so a count in struct bh_crowd decides who may poll. Where there is no
 * processor for a peer that sleeps, the VM does not notify it and poll then, but parks, and parking notifies it. */
#include "stats.h"

/* Not worth parking for: a deadline in fewer than SHORT cycles. */
enum { SPIN_MIN = 4096, SHORT = 50000, LOOKS = 32, FENCE_POLLS = 16, CROWD_PATIENCE = 300000, EXPIRE_CYCLES = 65536 };

static uint64_t spin_limit = UINT64_MAX; /* cycles */

static void adapt_spin_limit(uint64_t start)
{
    uint64_t max = boot()->spin_cycles;
    if (peers_notified_within(start, max))
        spin_limit = spin_limit > max / 2 ? max : spin_limit * 2 + SPIN_MIN;
    else
        spin_limit /= 2;
    if (spin_limit < SPIN_MIN)
        spin_limit = SPIN_MIN;
    if (spin_limit > max)
        spin_limit = max;
}

static void park_vm(uint64_t timeout)
{
    console_flush();
    /* Set the flag first and look afterwards: a peer that posts now either sees the flag or is seen here. */
    parked_set(1);
    peers_set_parked(true);
    bool found = false;
    for (int i = 0; i < FENCE_POLLS && !found; i++)
        found = peers_poll() || threads_waiting_ready();
    if (!found) {
        uint64_t start = rdtsc();
        uint64_t events = BH_EVENT_NOTIFY | (stream_wants_input() ? BH_EVENT_STDIN : 0) |
                          (watch_has(&status_page()->shutdown) ? BH_EVENT_SIGNAL : 0);
        long came = hypercall(BH_HC_PARK, timeout, events, peers_take_notifications());
        uint64_t parked = rdtsc() - start;
        if (stats) {
            stats->parks++;
            stats->park_cycles += parked;
        }
        if (__builtin_expect(stats_tracing, 0))
            stats_trace_park(start, parked);
        if (came > 0 && (came & BH_EVENT_STDIN))
            stream_input_ready();
        if (came > 0 && (came & BH_EVENT_NOTIFY))
            adapt_spin_limit(start);
    }
    peers_set_parked(false);
    parked_set(0);
}

/* Makes threads ready whose deadline has passed; cycles to the next deadline. */
static uint64_t expire_timers(void)
{
    uint64_t deadline = threads_expire(clock_ns());
    return deadline == BH_FOREVER ? BH_FOREVER : ns_to_cycles(deadline);
}

/* Looks at the rings several times, and not at the clock, which costs more than a look. */
static bool look_at_rings(void)
{
    bool found = false;
    for (int i = 0; i < LOOKS && !threads_waiting_ready(); i++)
        found |= peers_poll_some();
    return found;
}

/* Do more want a processor than there are? Then this VM gives up its own: at once if it goes to a VM that this one
 * woke, else after a while, because who is about to park is counted until it has. `room`: when there was one to spare
 * last. */
static bool crowd_is_full(uint64_t now, uint64_t *room)
{
    uint32_t awake = crowd_page()->awake, processors = crowd_page()->processors;
    uint32_t waking = awake < processors ? 0 : peers_waking();
    if (awake + waking <= processors)
        *room = now;
    return awake + waking > processors && (waking || now - *room > CROWD_PATIENCE);
}

void idle_until_ready(void)
{
    if (spin_limit > boot()->spin_cycles)
        spin_limit = boot()->spin_cycles;
    uint64_t start = rdtsc(), expired = start, room = start;
    uint64_t due = expire_timers();
    if (stats)
        stats->idles++;
    while (!threads_waiting_ready()) {
        bool found = look_at_rings();
        uint64_t now = rdtsc();
        if (found) {
            start = now;
            if (now - expired >= EXPIRE_CYCLES) { /* traffic without a pause must not stop the timers */
                expired = now;
                peers_fence();
                due = expire_timers();
            }
            continue;
        }
        uint64_t waited = now - start;
        if (!peers_need_processor()) { /* else parking notifies them, with one exit for both */
            peers_fence();
            if (waited < due && (waited < spin_limit || due - waited < SHORT) && !crowd_is_full(now, &room))
                continue;
        }
        uint64_t deadline = threads_expire(clock_ns());
        if (threads_waiting_ready())
            break;
        if (stats)
            stats->spin_cycles += now - start;
        park_vm(deadline);
        due = expire_timers();
        start = expired = room = rdtsc();
    }
    peers_fence(); /* a reply that was just posted: the thread that runs next may never come by here again */
}
