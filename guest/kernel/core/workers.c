/* Workers: which thread runs an incoming call, and how many of them the calls of one edge may keep.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A call that blocks keeps its thread. Half of the VM's threads are guaranteed, in equal parts, to the edges whose
 * calls it runs; the other half is for whoever comes first. A request that gets no thread stays where it is, and so do
 * those behind it on its edge, until a call of this edge has ended. */
#include "core.h"

struct thread *idle_workers;

static bool is_called(const struct endpoint *endpoint)
{
    return !endpoint->caller && !endpoint->dead;
}

static uint32_t count_called(void)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < n_endpoints; i++)
        n += is_called(&endpoints[i]);
    return n;
}

/* Counts for each end the threads that run its calls, or are about to. Returns how many threads are free or idle. */
static uint32_t count_threads(void)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < n_endpoints; i++)
        endpoints[i].working = 0;
    for (uint32_t i = 0; i < n_threads; i++) {
        struct endpoint *endpoint = threads[i].work_endpoint ? threads[i].work_endpoint : threads[i].serving;
        if (threads[i].state == THREAD_FREE)
            left++;
        else if (endpoint)
            endpoint->working++;
    }
    for (const struct thread *t = idle_workers; t; t = t->next)
        left++;
    return left;
}

bool worker_allowed(const struct endpoint *endpoint)
{
    uint32_t called = count_called(), owed = 0;
    if (called < 2)
        return true;
    uint32_t left = count_threads(), each = n_threads / 2 / called;
    if (endpoint->working < each)
        return true;
    for (uint32_t i = 0; i < n_endpoints; i++)
        if (&endpoints[i] != endpoint && is_called(&endpoints[i]) && endpoints[i].working < each)
            owed += each - endpoints[i].working;
    /* One more, since an idle worker that polls runs what it finds without asking. */
    return left > owed + 1;
}

static void unlink_worker(struct thread *before, struct thread *t)
{
    if (before)
        before->next = t->next;
    else
        idle_workers = t->next;
}

/* Frees an idle worker of whatever compartment. Its stack has nothing that is needed, unless it is the one that polls.
 */
static void dismiss_worker(void)
{
    for (struct thread *before = NULL, *t = idle_workers; t; before = t, t = t->next) {
        if (t == current)
            continue;
        unlink_worker(before, t);
        t->state = THREAD_FREE;
        return;
    }
}

struct thread *worker_find(uint32_t compartment)
{
    struct thread *before = NULL;
    for (struct thread *t = idle_workers; t; before = t, t = t->next) {
        if (t->compartment != compartment)
            continue;
        unlink_worker(before, t);
        return t;
    }
    struct thread *t = thread_new(worker_main, NULL, compartment);
    if (t || !idle_workers)
        return t;
    dismiss_worker();
    return thread_new(worker_main, NULL, compartment);
}
