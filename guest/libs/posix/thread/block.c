/* The one place where threads of the application wait.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include <bh/bulkhead.h>
#include <bh/core.h>

#include "thread.h"

static _Thread_local struct posix_thread *self;
static _Thread_local uint32_t self_id;
static uint32_t wakes; /* calls of px_wake() */
static struct posix_thread main_thread = {.name = "main"};

struct posix_thread *px_main(void)
{
    return &main_thread;
}

uint32_t px_tid(void)
{
    if (!self_id)
        self_id = bh_core()->thread_self() + 1;
    return self_id;
}

/* Thread 0 is the main thread. Threads that pthread_create() did not make, such as those that run callbacks of other
 * compartments, get a descriptor when they ask. */
struct posix_thread *px_self(void)
{
    if (self)
        return self;
    uint32_t id = px_tid() - 1;
    self = id == 0 ? &main_thread : calloc(1, sizeof(*self));
    if (!self)
        bh_panic("no memory for a thread: give this compartment more `memory`");
    self->id = id;
    return self;
}

void px_become(struct posix_thread *t)
{
    self = t;
    t->id = px_tid() - 1;
}

uint64_t px_now(void)
{
    return bh_core()->now();
}

uint64_t px_deadline(uint64_t timeout)
{
    uint64_t now = px_now();
    return timeout > PX_FOREVER - now ? PX_FOREVER : now + timeout;
}

void px_wake(const void *key, uint32_t n)
{
    wakes++;
    bh_core()->wakeup(key, n);
}

void px_yield(void)
{
    px_net_flush();
    bh_core()->yield();
}

int px_block_always(const void *key, uint64_t deadline)
{
    uint64_t left = BH_FOREVER;
    uint32_t before = wakes;
    px_net_flush();
    if (wakes != before)
        return 0; /* other threads ran meanwhile, and this one was perhaps what they woke: its caller looks again */
    if (deadline != PX_FOREVER) {
        uint64_t now = px_now();
        left = deadline > now ? deadline - now : 0;
    }
    bh_heap_rest();
    return bh_core()->sleep(key, left) ? -ETIMEDOUT : 0;
}

int px_block(const void *key, uint64_t deadline)
{
    struct posix_thread *t = px_self();
    pthread_testcancel();
    int r = px_signals_run(t);
    if (r)
        return r;
    t->waits_for = key;
    r = px_block_always(key, deadline);
    t->waits_for = NULL;
    pthread_testcancel();
    int interrupted = px_signals_run(t);
    return interrupted ? interrupted : r;
}

void px_interrupt(struct posix_thread *t)
{
    if (t->waits_for)
        px_wake(t->waits_for, UINT32_MAX);
}

int sched_yield(void)
{
    px_yield();
    return 0;
}
