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

static void wait_rwlock(pthread_rwlock_t *l)
{
    l->waiters++;
    px_block_always(l, PX_FOREVER);
    l->waiters--;
}

int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
    if (l->writer == px_tid())
        return EDEADLK;
    while (pthread_rwlock_tryrdlock(l))
        wait_rwlock(l);
    return 0;
}

int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
    if (l->writer == px_tid())
        return EDEADLK;
    l->waiting_writers++;
    while (pthread_rwlock_trywrlock(l))
        wait_rwlock(l);
    l->waiting_writers--;
    return 0;
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
