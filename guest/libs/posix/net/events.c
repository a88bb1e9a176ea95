/* Events of sockets: reads the network's event ring and notifies the waiting threads.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A thread that polls reads the ring itself, which costs no call. A thread of this file handles events that come
 * while all others wait: it waits for the generation word to change, which the core sees when it polls. After a
 * quiet while the VM may park, and only the reply to a call can wake it. A second thread therefore always has such a
 * call under way; without a lane the first thread makes it. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include <bh/bulkhead.h>
#include <bh/core.h>

#include "net_socket.h"

enum {
    QUIET_NS = 5000,
    STALLED_NS = 1000000, /* between two looks at a lane for which there was no memory */
    BATCH = 64,           /* events that are read before they are checked and told */
};

static const volatile struct net_table *table;
static struct px_socket *sockets[NET_SOCKETS_MAX];
static uint32_t seen; /* generation */
static bool dead;     /* the network compartment is gone */

static void notify_socket(uint32_t index)
{
    if (index < NET_SOCKETS_MAX && sockets[index])
        px_notify(&sockets[index]->file);
}

static void notify_all(void)
{
    for (uint32_t i = 0; i < NET_SOCKETS_MAX; i++)
        notify_socket(i);
}

/* Reads `n` events from number `first` on. False: the network was a ring ahead before they were read, so they may be
 * others by now. It writes the entry of an event before the generation. */
static bool read_events(uint32_t first, uint32_t n, uint16_t *events)
{
    for (uint32_t i = 0; i < n; i++)
        events[i] = table->ring[(first + i) % NET_RING];
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return table->generation - first < NET_RING - 1;
}

void px_net_poll(void)
{
    if (!table)
        return;
    uint32_t now = table->generation;
    __atomic_thread_fence(__ATOMIC_ACQUIRE); /* the data that an event reports is in the lane before the event */
    px_lane_poll();
    uint32_t left = now - seen, first = seen + 1;
    seen = now; /* first: telling may look again */
    for (uint16_t events[BATCH]; left;) {
        uint32_t n = left < BATCH ? left : BATCH;
        if (left >= NET_RING || !read_events(first, n, events)) {
            notify_all(); /* the words say what the lost events said */
            return;
        }
        for (uint32_t i = 0; i < n; i++)
            notify_socket(events[i]);
        first += n;
        left -= n;
    }
}

static void network_died(void)
{
    dead = true;
    notify_all();
}

static void watch_network(void *unused)
{
    (void)unused;
    for (;;) {
        bool quiet = bh_core()->sleep((const void *)&table->generation, QUIET_NS) != 0;
        px_net_poll();
        if (!quiet)
            continue;
        uint32_t before = seen;
        if (px_lane_arm(true)) {
            if (table->generation == before)
                bh_core()->sleep((const void *)&table->generation, px_lane_stalled() ? STALLED_NS : BH_FOREVER);
            px_lane_arm(false);
        } else if (net_events_wait(before, BH_FOREVER) == 0 && table->generation == before) {
            network_died();
            break;
        }
        px_net_poll();
    }
}

static void be_woken(void *unused)
{
    (void)unused;
    while (px_lane_wait())
        px_net_poll();
    network_died();
}

int px_net_start(void)
{
    static bool started;
    if (started)
        return dead ? -ENETDOWN : 0;
    struct net_table *found = NULL;
    if (net_table(&found) != 0 || !found)
        return -EAFNOSUPPORT;
    seen = found->generation;
    if (bh_core()->watch((const volatile uint16_t *)&found->generation, (const void *)(uintptr_t)&found->generation) !=
            0 ||
        bh_thread_create(NULL, watch_network, NULL) != 0)
        return -ENOMEM;
    table = found;
    started = true;
    px_lane_open();
    if (px_lane_arm(false) && bh_thread_create(NULL, be_woken, NULL) != 0)
        px_lane_shut();
    return 0;
}

void px_net_add(struct px_socket *s)
{
    if (s->index < NET_SOCKETS_MAX)
        sockets[s->index] = s;
}

void px_net_remove(struct px_socket *s)
{
    if (s->index < NET_SOCKETS_MAX && sockets[s->index] == s)
        sockets[s->index] = NULL;
}

struct px_socket *px_net_socket(uint32_t index)
{
    return index < NET_SOCKETS_MAX ? sockets[index] : NULL;
}

unsigned px_net_word(const struct px_socket *s)
{
    if (dead || s->index >= NET_SOCKETS_MAX)
        return s->error_told ? 0 : NET_ERROR | NET_HANGUP;
    return table->words[s->index] & NET_EVENTS;
}

/* A socket's error is taken by the call that tells it (POSIX, 2.10.14). If it stayed, a server that waits for its
 * listening socket would be woken for ever. */
int px_net_lost(struct px_socket *s)
{
    if (!dead)
        return -ECONNABORTED;
    bool told = s->error_told;
    s->error_told = true;
    return told ? -EAGAIN : -ENETDOWN;
}
