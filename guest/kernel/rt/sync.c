/* Threads, time and synchronisation for applications, on the core's wait and wake.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Threads are cooperative: between a check and the wait that follows it no other thread runs. */
#include <errno.h>

#include "heap/heap.h"
#include "runtime.h"

int bh_thread_create(uint32_t *id, void (*entry)(void *), void *arg)
{
    int r = bh_core()->thread_create(entry, arg, bh_gates.compartment);
    if (r < 0)
        return r;
    if (id)
        *id = (uint32_t)r;
    return 0;
}

void bh_thread_exit(void)
{
    bh_core()->thread_exit();
}

uint32_t bh_thread_self(void)
{
    /* Asked for by every lock of the C library, malloc's too: a core call for each would be felt. */
    static _Thread_local uint32_t id_plus_one;
    if (!id_plus_one)
        id_plus_one = bh_core()->thread_self() + 1;
    return id_plus_one - 1;
}

void bh_yield(void)
{
    bh_core()->yield();
}

uint64_t bh_now(void)
{
    return bh_core()->now();
}

void bh_sleep(uint64_t ns)
{
    uint8_t nobody_wakes_this = 0;
    bh_heap_rest();
    bh_core()->sleep(&nobody_wakes_this, ns);
}

int bh_mutex_lock(struct bh_mutex *m)
{
    uint32_t self = bh_thread_self() + 1;
    if (m->owner == self)
        return -EDEADLK;
    while (m->owner) {
        m->waiters++;
        bh_core()->sleep(m, BH_FOREVER);
        m->waiters--;
    }
    m->owner = self;
    return 0;
}

int bh_mutex_trylock(struct bh_mutex *m)
{
    if (m->owner)
        return -EBUSY;
    m->owner = bh_thread_self() + 1;
    return 0;
}

int bh_mutex_unlock(struct bh_mutex *m)
{
    if (m->owner != bh_thread_self() + 1)
        return -EPERM;
    m->owner = 0;
    if (m->waiters)
        bh_core()->wakeup(m, 1);
    return 0;
}

int bh_sem_wait(struct bh_sem *s, uint64_t timeout)
{
    uint64_t start = timeout == BH_FOREVER ? 0 : bh_now();
    while (!s->value) {
        uint64_t left = BH_FOREVER;
        if (timeout != BH_FOREVER) {
            uint64_t spent = bh_now() - start;
            if (spent >= timeout)
                return -ETIMEDOUT;
            left = timeout - spent;
        }
        s->waiters++;
        bh_heap_rest();
        bh_core()->sleep(s, left);
        s->waiters--;
    }
    s->value--;
    return 0;
}

int bh_sem_post(struct bh_sem *s)
{
    if (s->value == UINT32_MAX)
        return -EOVERFLOW;
    s->value++;
    if (s->waiters)
        bh_core()->wakeup(s, 1);
    return 0;
}

int bh_cond_wait(struct bh_cond *c, struct bh_mutex *m, uint64_t timeout)
{
    int r = bh_mutex_unlock(m);
    if (r)
        return r;
    c->waiters++;
    bh_heap_rest();
    r = bh_core()->sleep(c, timeout);
    c->waiters--;
    bh_mutex_lock(m);
    return r;
}

int bh_cond_signal(struct bh_cond *c)
{
    if (c->waiters)
        bh_core()->wakeup(c, 1);
    return 0;
}

int bh_cond_broadcast(struct bh_cond *c)
{
    if (c->waiters)
        bh_core()->wakeup(c, UINT32_MAX);
    return 0;
}
