/* Semaphores.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <semaphore.h>

#include "thread.h"

int sem_init(sem_t *s, int shared, unsigned value)
{
    if (shared || value > SEM_VALUE_MAX) {
        errno = shared ? ENOSYS : EINVAL;
        return -1;
    }
    *s = (sem_t){.value = value};
    return 0;
}

int sem_destroy(sem_t *s)
{
    (void)s;
    return 0;
}

int sem_trywait(sem_t *s)
{
    if (!s->value) {
        errno = EAGAIN;
        return -1;
    }
    s->value--;
    return 0;
}

static int wait_semaphore(sem_t *s, uint64_t deadline)
{
    while (!s->value) {
        s->waiters++;
        int r = px_block(s, deadline);
        s->waiters--;
        if (r && r != PX_RESTART && !s->value)
            return (int)px_result(r);
    }
    s->value--;
    return 0;
}

int sem_wait(sem_t *s)
{
    return wait_semaphore(s, PX_FOREVER);
}

int sem_timedwait(sem_t *s, const struct timespec *time)
{
    if (time->tv_nsec < 0 || time->tv_nsec >= 1000000000)
        return (int)px_result(-EINVAL);
    if (s->value)
        return wait_semaphore(s, PX_FOREVER);
    uint64_t deadline = px_when(CLOCK_REALTIME, time);
    return deadline ? wait_semaphore(s, deadline) : (int)px_result(-EINVAL);
}

int sem_post(sem_t *s)
{
    if (s->value == SEM_VALUE_MAX)
        return (int)px_result(-EOVERFLOW);
    s->value++;
    if (s->waiters)
        px_wake(s, 1);
    return 0;
}

int sem_getvalue(sem_t *s, int *value)
{
    *value = (int)s->value;
    return 0;
}
