/* Threads and their synchronisation.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static __thread int own;
static pthread_key_t key;
static int destroyed;

static void *times_two(void *arg)
{
    own = (int)(long)arg;
    usleep(500);
    return (void *)(long)(own * 2);
}

static void destroy(void *value)
{
    destroyed += (int)(long)value;
}

static void *with_key(void *arg)
{
    pthread_setspecific(key, arg);
    usleep(100);
    if (pthread_getspecific(key) != arg)
        destroyed = -1000;
    pthread_exit("left by pthread_exit");
}

static void on_cancel(void *flag)
{
    *(bool *)flag = true;
}

static void *sleeper(void *flag)
{
    pthread_cleanup_push(on_cancel, flag);
    sleep(100);
    pthread_cleanup_pop(0);
    return NULL;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_runs;

static void run_once(void)
{
    usleep(100);
    once_runs++;
}

static void *call_once(void *unused)
{
    pthread_once(&once, run_once);
    return unused;
}

void test_threads(void)
{
    pthread_t t[5];
    void *value;
    bool right = true, cleaned = false;
    for (long i = 0; i < 5; i++)
        right &= pthread_create(&t[i], NULL, times_two, (void *)i) == 0;
    for (long i = 0; i < 5; i++)
        right &= pthread_join(t[i], &value) == 0 && value == (void *)(i * 2);
    CHECK("five threads, each with its own variable", right && own == 0);
    for (int i = 0; i < 300 && right; i++)
        right &= pthread_create(&t[0], NULL, times_two, NULL) == 0 && pthread_join(t[0], NULL) == 0;
    CHECK("300 threads one after another", right);
    CHECK("self", pthread_equal(pthread_self(), pthread_self()));
    pthread_key_create(&key, destroy);
    pthread_create(&t[0], NULL, with_key, (void *)7);
    pthread_create(&t[1], NULL, with_key, (void *)5);
    CHECK("pthread_exit", pthread_join(t[0], &value) == 0 && !strcmp(value, "left by pthread_exit"));
    pthread_join(t[1], NULL);
    CHECK("keys have destructors", destroyed == 12 && pthread_getspecific(key) == NULL);
    pthread_setspecific(key, "old");
    CHECK("a new key holds nothing", pthread_key_delete(key) == 0 && pthread_key_create(&key, NULL) == 0 &&
                                         pthread_getspecific(key) == NULL && pthread_key_delete(key) == 0);
    for (int i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, call_once, NULL);
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    CHECK("pthread_once", once_runs == 1);
    pthread_create(&t[0], NULL, sleeper, &cleaned);
    usleep(500);
    CHECK("cancel",
          pthread_cancel(t[0]) == 0 && pthread_join(t[0], &value) == 0 && value == PTHREAD_CANCELED && cleaned);
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    CHECK("detached", pthread_create(&t[0], &attr, times_two, NULL) == 0 && pthread_join(t[0], NULL) == EINVAL);
    usleep(2000);
}

/* ---- Locks ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static int shared, ready;

static void *add_slowly(void *unused)
{
    for (int i = 0; i < 10; i++) {
        pthread_mutex_lock(&mutex);
        int before = shared;
        usleep(50);
        shared = before + 1;
        pthread_mutex_unlock(&mutex);
    }
    return unused;
}

static void *wait_ready(void *unused)
{
    pthread_mutex_lock(&mutex);
    while (!ready)
        pthread_cond_wait(&cond, &mutex);
    shared++;
    pthread_mutex_unlock(&mutex);
    return unused;
}

static void *hold_for_writing(void *unused)
{
    pthread_rwlock_wrlock(&rwlock);
    shared = 1;
    usleep(3000);
    shared = 2;
    pthread_rwlock_unlock(&rwlock);
    return unused;
}

static void conditions(void)
{
    pthread_t t[3];
    struct timespec until;
    shared = 0;
    for (int i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, wait_ready, NULL);
    usleep(500);
    pthread_mutex_lock(&mutex);
    ready = 1;
    pthread_cond_broadcast(&cond);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    CHECK("cond: broadcast", shared == 3);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 20000000;
    until.tv_sec += until.tv_nsec / 1000000000, until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&mutex);
    CHECK("cond: time-out",
          pthread_cond_timedwait(&cond, &mutex, &until) == ETIMEDOUT && pthread_mutex_unlock(&mutex) == 0);
    pthread_condattr_t attr;
    pthread_cond_t monotonic;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&monotonic, &attr);
    clock_gettime(CLOCK_MONOTONIC, &until);
    pthread_mutex_lock(&mutex);
    CHECK("cond: monotonic clock", pthread_cond_timedwait(&monotonic, &mutex, &until) == ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
}

void test_locks(void)
{
    pthread_t t[4];
    shared = 0;
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, add_slowly, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    CHECK("mutex: one at a time", shared == 40);
    CHECK("mutex: trylock", pthread_mutex_trylock(&mutex) == 0 && pthread_mutex_trylock(&mutex) == EBUSY &&
                                pthread_mutex_unlock(&mutex) == 0);
    CHECK("mutex: not mine", pthread_mutex_unlock(&mutex) == EPERM);
    pthread_mutexattr_t attr;
    pthread_mutex_t m;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&m, &attr);
    CHECK("mutex: recursive", pthread_mutex_lock(&m) == 0 && pthread_mutex_lock(&m) == 0 &&
                                  pthread_mutex_unlock(&m) == 0 && pthread_mutex_unlock(&m) == 0 &&
                                  pthread_mutex_unlock(&m) == EPERM);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&m, &attr);
    CHECK("mutex: error checking",
          pthread_mutex_lock(&m) == 0 && pthread_mutex_lock(&m) == EDEADLK && pthread_mutex_unlock(&m) == 0);
    conditions();
    pthread_create(&t[0], NULL, hold_for_writing, NULL);
    usleep(500);
    CHECK("rwlock: busy", pthread_rwlock_tryrdlock(&rwlock) == EBUSY);
    CHECK("rwlock: reader waits for the writer",
          pthread_rwlock_rdlock(&rwlock) == 0 && shared == 2 && pthread_rwlock_unlock(&rwlock) == 0);
    pthread_join(t[0], NULL);
    sem_t s;
    sem_init(&s, 0, 1);
    CHECK("semaphore",
          sem_wait(&s) == 0 && sem_trywait(&s) == -1 && errno == EAGAIN && sem_post(&s) == 0 && sem_wait(&s) == 0);
}
