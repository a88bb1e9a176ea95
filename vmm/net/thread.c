/* The device's thread: looks at both sides, polls a little while there is traffic, sleeps
 * otherwise. SPDX-License-Identifier: BSD-3-Clause
 *
 * A kick costs the guest an exit, and waking this thread costs more still. While the thread is
 * awake the driver's event index keeps it from kicking. How long to look around before sleeping
 * adapts as in guest/kernel/core/idle.c: more when a little more would have saved a sleep, less
 * when it was in vain. */
#include "vmm/base/clock.h"
#include "vmm/net/device.h"
#include "vmm/sandbox/process.h"

#define SPIN_MIN      2048u /* cycles */
#define RECEIVE_EVERY 8192u /* cycles between two looks at the back end, which are system calls */

/* Takes over from the vCPU's thread. False: there is no driver. */
static bool active(struct net *n)
{
    if (n->broken)
        net_reset(n);
    uint32_t state = atomic_load_explicit(&n->state, memory_order_acquire);
    if (state == NET_STARTED) {
        net_device_begin(n);
        vq_no_kick(&n->tx);
        vq_no_kick(&n->rx);
        n->backend->started(n);
        atomic_store_explicit(&n->state, NET_RUNNING, memory_order_relaxed);
    }
    return state != NET_IDLE;
}

static bool work(struct net *n)
{
    bool found = net_transmit(n);
    return n->backend->receive(n) || found;
}

/* True: something came meanwhile. */
static bool look_around(struct net *n, uint64_t limit)
{
    uint64_t start = clock_cycles(), looked = start, now;
    while ((now = clock_cycles()) - start < limit) {
        if (n->broken || vq_has_more(&n->tx))
            return true;
        if (now - looked >= RECEIVE_EVERY) {
            if (n->backend->receive(n))
                return true;
            looked = clock_cycles();
        }
        __builtin_ia32_pause();
    }
    return false;
}

static uint64_t adapted(uint64_t limit, uint64_t slept, uint64_t max)
{
    if (slept < max)
        limit = limit * 2 + SPIN_MIN;
    else
        limit /= 2;
    return limit < SPIN_MIN ? SPIN_MIN : limit > max ? max : limit;
}

/* Returns how long it slept, in cycles. */
static uint64_t sleep_well(struct net *n)
{
    bool more = vq_want_kick(&n->tx);
    if (n->starved && vq_want_kick(&n->rx))
        more = true;
    uint64_t start = clock_cycles();
    if (!more)
        n->backend->wait(n);
    vq_no_kick(&n->tx);
    vq_no_kick(&n->rx);
    return clock_cycles() - start;
}

void *net_thread(void *net)
{
    struct net *n = net;
    uint64_t limit = n->spin_max;
    bool good = sandbox_enter(n->config->mode == NET_TAP ? SANDBOX_NET_TAP : SANDBOX_NET_USER, &n->problem);
    sem_post(&n->confined);
    while (good)
        if (!active(n))
            n->backend->wait(n);
        else if (!work(n) && !look_around(n, limit))
            limit = adapted(limit, sleep_well(n), n->spin_max);
    return NULL;
}
