/* Read-write locks; waiting writers go before new readers.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "thread.h"

int pthread_rwlock_init(pthread_rwlock_t *l, const pthread_rwlockattr_t *attr)
{
    (void)attr;
    *l = (pthread_rwlock_t){0};
    return 0;
}

int pthread_rwlock_destroy(pthread_rwlock_t *l)
{
    return l->writer || l->readers ? EBUSY : 0;
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t *l)
{
    if (l->writer || l->waiting_writers)
        return EBUSY;
    l->readers++;
    return 0;
}

int pthread_rwlock_trywrlock(pthread_rwlock_t *l)
{
    if (l->writer || l->readers)
        return EBUSY;
    l->writer = px_tid();
    return 0;
}

static int wait_rwlock(pthread_rwlock_t *l, uint64_t deadline)
{
    l->waiters++;
    int r = px_block_always(l, deadline);
    l->waiters--;
    return r;
}

static int lock_to_read(pthread_rwlock_t *l, uint64_t deadline)
{
    int r = 0;
    if (l->writer == px_tid())
        return EDEADLK;
    while (pthread_rwlock_tryrdlock(l)) {
        if (r)
            return ETIMEDOUT;
        r = wait_rwlock(l, deadline);
    }
    return 0;
}

static int lock_to_write(pthread_rwlock_t *l, uint64_t deadline)
{
    int r = 0;
    if (l->writer == px_tid())
        return EDEADLK;
    l->waiting_writers++;
    while (pthread_rwlock_trywrlock(l) && !r)
        r = wait_rwlock(l, deadline);
    l->waiting_writers--;
    if (l->writer == px_tid())
        return 0;
    px_wake(l, UINT32_MAX); /* readers that waited for this writer */
    return ETIMEDOUT;
}

int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
    return lock_to_read(l, PX_FOREVER);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
    return lock_to_write(l, PX_FOREVER);
}

int pthread_rwlock_timedrdlock(pthread_rwlock_t *l, const struct timespec *time)
{
    if (!pthread_rwlock_tryrdlock(l))
        return 0;
    uint64_t deadline = px_when(CLOCK_REALTIME, time);
    return deadline ? lock_to_read(l, deadline) : EINVAL;
}

int pthread_rwlock_timedwrlock(pthread_rwlock_t *l, const struct timespec *time)
{
    if (!pthread_rwlock_trywrlock(l))
        return 0;
    uint64_t deadline = px_when(CLOCK_REALTIME, time);
    return deadline ? lock_to_write(l, deadline) : EINVAL;
}

int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
    if (l->writer == px_tid())
        l->writer = 0;
    else if (l->readers)
        l->readers--;
    else
        return EPERM;
    if (l->waiters && !l->readers)
        px_wake(l, UINT32_MAX);
    return 0;
}
