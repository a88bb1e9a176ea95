/* Locks for jemalloc where there is nothing to lock: a compartment's threads run one at a time, and none blocks while
 * it allocates.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_JEMALLOC_PTHREAD_H
#define BH_JEMALLOC_PTHREAD_H

typedef int pthread_t, pthread_key_t, pthread_mutexattr_t;
typedef char pthread_mutex_t, pthread_cond_t, pthread_attr_t;

#define PTHREAD_MUTEX_INITIALIZER 0
#define PTHREAD_MUTEX_DEFAULT 0
#define PTHREAD_MUTEX_NORMAL 0

#define pthread_mutexattr_init(a) ((void)(a), 0)
#define pthread_mutexattr_settype(a, type) ((void)(a), 0)
#define pthread_mutexattr_destroy(a) ((void)(a), 0)
#define pthread_mutex_init(m, a) ((void)(m), 0)
#define pthread_mutex_lock(m) ((void)(m), 0)
#define pthread_mutex_trylock(m) ((void)(m), 0)
#define pthread_mutex_unlock(m) ((void)(m), 0)
#define pthread_key_create(key, destroy) ((void)(key), (void)(destroy), 0)
#define pthread_setspecific(key, value) ((void)(value), 0)
#define pthread_self() 1

#endif
