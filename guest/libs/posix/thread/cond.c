/* Condition variables, barriers, and threads that wait for a point in time.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "thread.h"

uint64_t px_when(clockid_t clock, const struct timespec *time)
{
    struct timespec now;
    if (time->tv_nsec < 0 || time->tv_nsec >= 1000000000 || clock_gettime(clock, &now) != 0)
        return 0;
    __int128 left = ((__int128)time->tv_sec - now.tv_sec) * 1000000000 + time->tv_nsec - now.tv_nsec;
    uint64_t base = px_now();
    if (left <= 0)
        return base;
    return left > PX_FOREVER - 1 - base ? PX_FOREVER - 1 : base + (uint64_t)left;
}

int pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *attr)
{
    *c = (pthread_cond_t){.clock = attr ? attr->clock : 0};
    return 0;
}

int pthread_cond_destroy(pthread_cond_t *c)
{
    return c->waiters ? EBUSY : 0;
}

/* What a cancelled thread has to undo before its own cleanup handlers run. */
struct waiting {
    pthread_cond_t *cond;
    pthread_mutex_t *mutex;
    uint32_t depth;
};

static void take_back(void *arg)
{
    struct waiting *w = arg;
    w->cond->waiters--;
    pthread_mutex_lock(w->mutex);
    w->mutex->depth = w->depth;
}

static int wait_condition(pthread_cond_t *c, pthread_mutex_t *m, uint64_t deadline)
{
    if (m->owner != px_tid())
        return EPERM;
    struct waiting w = {c, m, m->depth};
    int r;
    pthread_testcancel();
    c->waiters++;
    m->depth = 1;
    pthread_mutex_unlock(m);
    pthread_cleanup_push(take_back, &w);
    r = px_block(c, deadline);
    pthread_cleanup_pop(1);
    return r == -ETIMEDOUT ? ETIMEDOUT : 0; /* a signal handler counts as a spurious wake-up */
}

int pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
    return wait_condition(c, m, PX_FOREVER);
}

int pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *time)
{
    uint64_t deadline = px_when(c->clock ? c->clock : CLOCK_REALTIME, time);
    return deadline ? wait_condition(c, m, deadline) : EINVAL;
}

int pthread_cond_signal(pthread_cond_t *c)
{
    if (c->waiters)
        px_wake(c, 1);
    return 0;
}

int pthread_cond_broadcast(pthread_cond_t *c)
{
    if (c->waiters)
        px_wake(c, UINT32_MAX);
    return 0;
}

int pthread_condattr_init(pthread_condattr_t *attr)
{
    *attr = (pthread_condattr_t){CLOCK_REALTIME};
    return 0;
}

int pthread_condattr_destroy(pthread_condattr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_condattr_setclock(pthread_condattr_t *attr, clockid_t clock)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return EINVAL;
    attr->clock = clock;
    return 0;
}

int pthread_condattr_getclock(const pthread_condattr_t *attr, clockid_t *clock)
{
    *clock = attr->clock;
    return 0;
}

int pthread_barrier_init(pthread_barrier_t *b, const pthread_barrierattr_t *attr, unsigned count)
{
    (void)attr;
    if (!count)
        return EINVAL;
    *b = (pthread_barrier_t){.needed = count};
    return 0;
}

int pthread_barrier_destroy(pthread_barrier_t *b)
{
    return b->arrived ? EBUSY : 0;
}

int pthread_barrier_wait(pthread_barrier_t *b)
{
    uint32_t round = b->round;
    if (++b->arrived == b->needed) {
        b->arrived = 0;
        b->round++;
        px_wake(b, UINT32_MAX);
        return PTHREAD_BARRIER_SERIAL_THREAD;
    }
    while (b->round == round)
        px_block_always(b, PX_FOREVER);
    return 0;
}
