/* The network device's thread: looks at both sides, polls a little while there is traffic, and sleeps otherwise.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A kick costs the guest an exit, and waking this thread costs even more. While the thread is awake the driver's event
 * index keeps the guest from kicking; how long it polls before it sleeps adapts (vmm/virtio/poll_limit.h). */
#include "vmm/net/thread.h"

#include "vmm/net/device.h"
#include "vmm/sandbox/process.h"

#define RECEIVE_EVERY 8192u /* cycles between two looks at the back end, which are system calls */

/* Takes over from the vCPU's thread. False: there is no driver. */
static bool attach_driver(struct net *n)
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

static bool move_frames(struct net *n)
{
    bool found = net_transmit(n);
    return n->backend->receive(n) || found;
}

struct poller {
    struct net *net;
    uint64_t received; /* when it looked at the back end last; 0: not yet */
};

static bool look_around(void *arg, uint64_t now)
{
    struct poller *p = arg;
    struct net *n = p->net;
    if (n->broken || vq_has_more(&n->tx))
        return true;
    if (!p->received)
        p->received = now; /* the thread did so just before */
    if (now - p->received < RECEIVE_EVERY)
        return false;
    bool got = n->backend->receive(n);
    p->received = clock_cycles();
    return got;
}

static void wait_in_backend(struct net *n)
{
    crowd_sleep(n->member);
    n->backend->wait(n);
    crowd_wake(n->member);
}

/* Sleeps until there is something to do. Returns how long that took, in cycles. */
static uint64_t sleep_until_work(struct net *n)
{
    bool more = vq_want_kick(&n->tx);
    if (n->starved && vq_want_kick(&n->rx))
        more = true;
    uint64_t start = clock_cycles();
    if (!more)
        wait_in_backend(n);
    vq_no_kick(&n->tx);
    vq_no_kick(&n->rx);
    return clock_cycles() - start;
}

void *net_thread(void *net)
{
    struct net *n = net;
    bool good = sandbox_enter(n->config->mode == NET_TAP ? SANDBOX_NET_TAP : SANDBOX_NET_USER, &n->problem);
    sem_post(&n->confined);
    if (!good)
        return NULL;
    crowd_wake(n->member);
    for (;;) {
        struct poller poller = {.net = n};
        if (!attach_driver(n))
            wait_in_backend(n);
        else if (!move_frames(n) && !poll_until(&n->limit, look_around, &poller))
            poll_limit_adapt(&n->limit, sleep_until_work(n));
    }
}
