/* Sleeping on a wait channel, with or without a deadline, and waking up.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "core.h"

static struct thread_queue sleepers; /* oldest first */

static void unlink_sleeper(struct thread *before, struct thread *t)
{
    if (before)
        before->next = t->next;
    else
        sleepers.head = t->next;
    if (sleepers.tail == t)
        sleepers.tail = before;
}

int thread_sleep(const void *wait_channel, uint64_t timeout)
{
    current->wait_channel = wait_channel;
    current->timed_out = false;
    current->has_deadline = timeout != BH_FOREVER;
    if (current->has_deadline) {
        uint64_t now = clock_ns();
        current->deadline = timeout > UINT64_MAX - now ? UINT64_MAX : now + timeout;
    }
    thread_append(&sleepers, current);
    thread_block();
    return current->timed_out ? -ETIMEDOUT : 0;
}

int core_sleep(const void *wait_channel, uint64_t timeout)
{
    current->in_core_sleep = true;
    int r = current->orphaned ? 0 : thread_sleep(wait_channel, timeout);
    current->in_core_sleep = false;
    if (!current->orphaned)
        return r;
    current->orphaned = false;
    return -ECANCELED;
}

/* Nobody needs the answers of its threads any more. Only the sleep of a library ends early: the core's own ends with a
 * reply, which comes. */
void threads_caller_died(const struct endpoint *endpoint)
{
    for (struct thread *before = NULL, *t = sleepers.head, *next; t; t = next) {
        next = t->next;
        bool ends = t->serving == endpoint && t->in_core_sleep;
        if (ends) {
            unlink_sleeper(before, t);
            thread_ready(t);
        } else {
            before = t;
        }
    }
    for (uint32_t i = 0; i < n_threads; i++)
        threads[i].orphaned |= threads[i].serving == endpoint;
}

uint32_t thread_wakeup(const void *wait_channel, uint32_t n)
{
    uint32_t woken = 0;
    struct thread *before = NULL, *t = sleepers.head;
    while (t && woken < n) {
        struct thread *next = t->next;
        if (t->wait_channel == wait_channel) {
            unlink_sleeper(before, t);
            thread_ready(t);
            woken++;
        } else {
            before = t;
        }
        t = next;
    }
    return woken;
}

uint64_t threads_expire(uint64_t now)
{
    uint64_t nearest = BH_FOREVER;
    struct thread *before = NULL, *t = sleepers.head;
    while (t) {
        struct thread *next = t->next;
        if (t->has_deadline && t->deadline <= now) {
            unlink_sleeper(before, t);
            t->timed_out = true;
            thread_ready(t);
        } else {
            if (t->has_deadline && t->deadline - now < nearest)
                nearest = t->deadline - now;
            before = t;
        }
        t = next;
    }
    return nearest;
}
