/* POSIX semaphores, unnamed.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_SEMAPHORE_H
#define BH_SEMAPHORE_H

#include <stdint.h>
#include <time.h>

typedef struct {
    uint32_t value;
    uint32_t waiters;
} sem_t;
#define SEM_FAILED    ((sem_t *)0)
#define SEM_VALUE_MAX 0x7fffffff

int sem_init(sem_t *s, int shared, unsigned value);
int sem_destroy(sem_t *s);
int sem_wait(sem_t *s);
int sem_trywait(sem_t *s);
int sem_timedwait(sem_t *s, const struct timespec *deadline);
int sem_post(sem_t *s);
int sem_getvalue(sem_t *s, int *value);

#endif
