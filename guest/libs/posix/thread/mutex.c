/* Mutexes and spin locks.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "thread.h"

int pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr)
{
    *m = (pthread_mutex_t){.type = attr ? attr->type : PTHREAD_MUTEX_DEFAULT};
    return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *m)
{
    return m->owner ? EBUSY : 0;
}

/* EBUSY: another thread has it. */
static int try_mutex(pthread_mutex_t *m, uint32_t self)
{
    if (!m->owner) {
        m->owner = self;
        m->depth = 1;
        return 0;
    }
    if (m->owner != self || m->type != PTHREAD_MUTEX_RECURSIVE)
        return EBUSY;
    m->depth++;
    return 0;
}

static int lock_mutex(pthread_mutex_t *m, uint64_t deadline)
{
    uint32_t self = px_tid();
    if (m->owner == self && m->type == PTHREAD_MUTEX_ERRORCHECK)
        return EDEADLK;
    while (try_mutex(m, self)) {
        m->waiters++;
        int r = px_block_always(m, deadline); /* not a point of cancellation */
        m->waiters--;
        if (r && m->owner)
            return ETIMEDOUT;
    }
    return 0;
}

int pthread_mutex_lock(pthread_mutex_t *m)
{
    return lock_mutex(m, PX_FOREVER);
}

int pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *time)
{
    bool own = m->owner == px_tid() && m->type != PTHREAD_MUTEX_NORMAL;
    if (!m->owner || own) /* the time does not matter */
        return lock_mutex(m, PX_FOREVER);
    uint64_t deadline = px_when(CLOCK_REALTIME, time);
    return deadline ? lock_mutex(m, deadline) : EINVAL;
}

int pthread_mutex_trylock(pthread_mutex_t *m)
{
    return try_mutex(m, px_tid());
}

int pthread_mutex_unlock(pthread_mutex_t *m)
{
    if (m->owner != px_tid())
        return EPERM;
    if (--m->depth)
        return 0;
    m->owner = 0;
    if (m->waiters)
        px_wake(m, 1);
    return 0;
}

int pthread_mutexattr_init(pthread_mutexattr_t *attr)
{
    *attr = (pthread_mutexattr_t){PTHREAD_MUTEX_DEFAULT};
    return 0;
}

int pthread_mutexattr_destroy(pthread_mutexattr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_mutexattr_settype(pthread_mutexattr_t *attr, int type)
{
    if (type < PTHREAD_MUTEX_NORMAL || type > PTHREAD_MUTEX_ERRORCHECK)
        return EINVAL;
    attr->type = (uint32_t)type;
    return 0;
}

int pthread_mutexattr_gettype(const pthread_mutexattr_t *attr, int *type)
{
    *type = (int)attr->type;
    return 0;
}

int pthread_mutexattr_setpshared(pthread_mutexattr_t *attr, int shared)
{
    (void)attr;
    return shared == PTHREAD_PROCESS_PRIVATE ? 0 : ENOTSUP;
}

/* ---- Spin locks: the owner may be waiting for a gate, so the other threads have to let it run. ---- */

int pthread_spin_init(pthread_spinlock_t *l, int shared)
{
    (void)shared;
    l->owner = 0;
    return 0;
}

int pthread_spin_destroy(pthread_spinlock_t *l)
{
    return l->owner ? EBUSY : 0;
}

int pthread_spin_trylock(pthread_spinlock_t *l)
{
    if (l->owner)
        return EBUSY;
    l->owner = px_tid();
    return 0;
}

int pthread_spin_lock(pthread_spinlock_t *l)
{
    if (l->owner == px_tid())
        return EDEADLK;
    while (pthread_spin_trylock(l))
        px_yield();
    return 0;
}

int pthread_spin_unlock(pthread_spinlock_t *l)
{
    l->owner = 0;
    return 0;
}
