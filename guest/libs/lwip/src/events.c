/* Readiness: a word for each socket and a ring of events in a share, and waiting for events.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * `words` is private to this compartment; the table in the share is a copy that only this file writes. A member of the
 * share that overwrites the table misleads its readers, but not this compartment. */
#include <errno.h>
#include <string.h>

#include "socket.h"

static uint32_t words[NET_SOCKETS_MAX];
static uint32_t generation;
static bool changed; /* since the last net_events_flush() */
static uint32_t waiters;
static struct net_table *table; /* NULL: no share */

void net_table_init(void)
{
    table = bh_malloc_shared(sizeof(*table));
    if (!table)
        return;
    memset(table, 0, sizeof(*table));
    table->sockets = NET_SOCKETS_MAX;
    table->ring_size = NET_RING;
}

int net_table(struct net_table **given)
{
    if (!given)
        return -EINVAL;
    *given = table;
    return table ? 0 : -ENOBUFS;
}

static void store_word(const struct net_socket *s)
{
    if (table)
        __atomic_store_n(&table->words[s->index], words[s->index], __ATOMIC_RELEASE);
}

uint32_t net_word(const struct net_socket *s)
{
    return words[s->index];
}

void net_word_reset(struct net_socket *s)
{
    words[s->index] &= ~NET_EVENTS;
    store_word(s);
}

void net_raise(struct net_socket *s, uint32_t bits)
{
    words[s->index] = (words[s->index] | bits) + (1u << NET_COUNT_SHIFT);
    store_word(s);
    generation++;
    if (table) {
        table->ring[generation % NET_RING] = s->index;
        __atomic_store_n(&table->generation, generation, __ATOMIC_RELEASE);
    }
    changed = true;
    if (s->waiters)
        bh_core()->wakeup(s, UINT32_MAX);
}

void net_lower(struct net_socket *s, uint32_t bits)
{
    if (!(words[s->index] & bits))
        return;
    words[s->index] &= ~bits;
    store_word(s);
}

void net_events_flush(void)
{
    if (!changed)
        return;
    changed = false;
    net_lanes_tell();
    if (waiters)
        bh_core()->wakeup(&generation, UINT32_MAX);
}

static uint64_t left_of(uint64_t timeout, uint64_t start)
{
    uint64_t spent = bh_now() - start;
    return spent >= timeout ? 0 : timeout - spent;
}

uint32_t net_events_wait(uint32_t seen, uint64_t timeout)
{
    uint64_t start = bh_now(), left = timeout;
    while (generation == seen && left) {
        waiters++;
        int r = bh_core()->sleep(&generation, left);
        waiters--;
        if (r == -ECANCELED)
            break;
        if (timeout != BH_FOREVER)
            left = left_of(timeout, start);
    }
    return generation;
}

int net_wait(net_socket_t s, uint32_t events, uint64_t timeout)
{
    if (!s)
        return -EBADF;
    uint64_t start = bh_now(), left = timeout;
    events |= NET_ERROR | NET_HANGUP;
    while (!(words[s->index] & events) && left) {
        s->waiters++;
        int r = bh_core()->sleep(s, left);
        s->waiters--;
        if (r == -ECANCELED)
            return 0;
        if (timeout != BH_FOREVER)
            left = left_of(timeout, start);
    }
    return (int)(words[s->index] & events ? words[s->index] & NET_EVENTS : 0);
}
