/* Mutexes, conditions, read-write locks, spin locks, barriers.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <pthread.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "same_as_native.h"

static pthread_mutex_t mutex;
static pthread_rwlock_t rwlock;
static pthread_barrier_t barrier;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static int turn, order;

static void *try_mutex(void *arg)
{
    int r = pthread_mutex_trylock(&mutex);
    if (r == 0)
        pthread_mutex_unlock(&mutex);
    (void)arg;
    return (void *)(intptr_t)r;
}

static void *unlock_mutex(void *arg)
{
    (void)arg;
    return (void *)(intptr_t)pthread_mutex_unlock(&mutex);
}

static const char *from_another_thread(void *(*run)(void *))
{
    pthread_t t;
    void *result = NULL;
    pthread_create(&t, NULL, run, NULL);
    pthread_join(t, &result);
    return error_name((int)(intptr_t)result);
}

static void show_kind(const char *name, int kind)
{
    struct timespec past = {1, 0}, wrong = {1, -1};
    pthread_mutexattr_t attributes;
    int value = -1;
    set_case("%s", name);
    pthread_mutexattr_init(&attributes);
    SHOW_ERROR(pthread_mutexattr_settype(&attributes, kind));
    SHOW(pthread_mutexattr_gettype(&attributes, &value) + (value == kind));
    SHOW_ERROR(pthread_mutex_init(&mutex, &attributes));
    SHOW_ERROR(pthread_mutex_lock(&mutex));
    SHOW_ERROR(pthread_mutex_trylock(&mutex));
    if (kind != PTHREAD_MUTEX_NORMAL)
        show("lock again", "%s", error_name(pthread_mutex_lock(&mutex)));
    SHOW_TEXT(from_another_thread(try_mutex));
    if (kind != PTHREAD_MUTEX_NORMAL)
        show("unlock of another's", "%s", from_another_thread(unlock_mutex));
    show("timedlock", "%s", error_name(pthread_mutex_timedlock(&mutex, &past)));
    show("timedlock, wrong time", "%s", error_name(pthread_mutex_timedlock(&mutex, &wrong)));
    for (int i = 0; i < 4; i++) {
        set_case("%s, unlock %d", name, i);
        if (kind == PTHREAD_MUTEX_NORMAL && i > 0)
            break;
        show("result", "%s", error_name(pthread_mutex_unlock(&mutex)));
        show("another thread", "%s", from_another_thread(try_mutex));
    }
    set_case("%s", name);
    SHOW_ERROR(pthread_mutex_destroy(&mutex));
    SHOW_ERROR(pthread_mutexattr_settype(&attributes, 77));
    SHOW_ERROR(pthread_mutexattr_destroy(&attributes));
    set_case("%s", "");
}

static void *take_turns(void *arg)
{
    int own = (int)(intptr_t)arg;
    pthread_mutex_lock(&guard);
    for (int i = 0; i < 3; i++) {
        while (turn % 3 != own)
            pthread_cond_wait(&condition, &guard);
        order = order * 10 + own;
        turn++;
        pthread_cond_broadcast(&condition);
    }
    pthread_mutex_unlock(&guard);
    return NULL;
}

static void show_conditions(void)
{
    pthread_t threads[3];
    struct timespec past = {1, 0}, wrong = {1, 1000000000}, soon;
    for (intptr_t i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, take_turns, (void *)i);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    show("turns", "%09d", order);
    pthread_mutex_lock(&guard);
    SHOW_ERROR(pthread_cond_timedwait(&condition, &guard, &past));
    SHOW_ERROR(pthread_cond_timedwait(&condition, &guard, &wrong));
    SHOW_ERROR(pthread_cond_signal(&condition));
    SHOW_ERROR(pthread_cond_broadcast(&condition));
    pthread_condattr_t attributes;
    pthread_cond_t other;
    SHOW_ERROR(pthread_condattr_init(&attributes));
    clockid_t clock = 77;
    SHOW(pthread_condattr_getclock(&attributes, &clock) + (clock == CLOCK_REALTIME));
    SHOW_ERROR(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC));
    SHOW_ERROR(pthread_condattr_setclock(&attributes, CLOCK_PROCESS_CPUTIME_ID));
    SHOW_ERROR(pthread_condattr_setclock(&attributes, 77));
    SHOW_ERROR(pthread_cond_init(&other, &attributes));
    clock_gettime(CLOCK_MONOTONIC, &soon);
    soon.tv_nsec = soon.tv_nsec > 990000000 ? 990000000 : soon.tv_nsec + 2000000;
    SHOW_ERROR(pthread_cond_timedwait(&other, &guard, &soon));
    SHOW_ERROR(pthread_cond_destroy(&other));
    SHOW_ERROR(pthread_condattr_destroy(&attributes));
    pthread_mutex_unlock(&guard);
}

static void *try_read(void *arg)
{
    int r = pthread_rwlock_tryrdlock(&rwlock);
    if (r == 0)
        pthread_rwlock_unlock(&rwlock);
    (void)arg;
    return (void *)(intptr_t)r;
}

static void *try_write(void *arg)
{
    int r = pthread_rwlock_trywrlock(&rwlock);
    if (r == 0)
        pthread_rwlock_unlock(&rwlock);
    (void)arg;
    return (void *)(intptr_t)r;
}

static void show_rwlocks(void)
{
    struct timespec past = {1, 0}, wrong = {1, -1};
    SHOW_ERROR(pthread_rwlock_init(&rwlock, NULL));
    SHOW_ERROR(pthread_rwlock_rdlock(&rwlock));
    SHOW_ERROR(pthread_rwlock_rdlock(&rwlock));
    show("read beside a reader", "%s", from_another_thread(try_read));
    show("write beside a reader", "%s", from_another_thread(try_write));
    SHOW_ERROR(pthread_rwlock_trywrlock(&rwlock));
    SHOW_ERROR(pthread_rwlock_timedwrlock(&rwlock, &past));
    SHOW_ERROR(pthread_rwlock_timedwrlock(&rwlock, &wrong));
    SHOW_ERROR(pthread_rwlock_unlock(&rwlock));
    show("write beside one reader", "%s", from_another_thread(try_write));
    pthread_rwlock_unlock(&rwlock);
    show("write beside nobody", "%s", from_another_thread(try_write));
    SHOW_ERROR(pthread_rwlock_wrlock(&rwlock));
    show("wrlock by the writer", "%s", error_name(pthread_rwlock_wrlock(&rwlock)));
    show("rdlock by the writer", "%s", error_name(pthread_rwlock_rdlock(&rwlock)));
    show("read beside a writer", "%s", from_another_thread(try_read));
    SHOW_ERROR(pthread_rwlock_tryrdlock(&rwlock));
    SHOW_ERROR(pthread_rwlock_timedrdlock(&rwlock, &past));
    show("unlock of the writer", "%s", error_name(pthread_rwlock_unlock(&rwlock)));
    SHOW_ERROR(pthread_rwlock_destroy(&rwlock));
}

static void *wait_at_barrier(void *arg)
{
    (void)arg;
    return (void *)(intptr_t)(pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD);
}

static void show_barriers(void)
{
    pthread_t threads[2];
    SHOW_ERROR(pthread_barrier_init(&barrier, NULL, 0));
    SHOW_ERROR(pthread_barrier_init(&barrier, NULL, 3));
    for (int round = 0; round < 2; round++) {
        void *results[2];
        for (int i = 0; i < 2; i++)
            pthread_create(&threads[i], NULL, wait_at_barrier, NULL);
        int serial = pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], &results[i]);
        set_case("round %d", round);
        show("serial threads", "%d", serial + (int)(intptr_t)results[0] + (int)(intptr_t)results[1]);
    }
    set_case("%s", "");
    SHOW_ERROR(pthread_barrier_destroy(&barrier));
    pthread_spinlock_t spin;
    SHOW_ERROR(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE));
    SHOW_ERROR(pthread_spin_lock(&spin));
    SHOW_ERROR(pthread_spin_trylock(&spin));
    SHOW_ERROR(pthread_spin_unlock(&spin));
    show("trylock of a free one", "%s", error_name(pthread_spin_trylock(&spin)));
    pthread_spin_unlock(&spin);
    SHOW_ERROR(pthread_spin_destroy(&spin));
}

void show_thread_sync(void)
{
    show_kind("normal", PTHREAD_MUTEX_NORMAL);
    show_kind("recursive", PTHREAD_MUTEX_RECURSIVE);
    show_kind("error-checking", PTHREAD_MUTEX_ERRORCHECK);
    show_conditions();
    show_rwlocks();
    show_barriers();
}
