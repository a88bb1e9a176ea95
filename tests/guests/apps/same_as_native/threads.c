/* Threads: start, end, results, data of their own, cancellation.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "same_as_native.h"

static pthread_key_t key;
static char log_text[128];
static pthread_once_t once = PTHREAD_ONCE_INIT;
static __thread int own = 5;

static void note_word(const char *word)
{
    strncat(log_text, word, sizeof(log_text) - strlen(log_text) - 1);
}

static void *return_argument(void *arg)
{
    own++;
    return (char *)arg + own;
}

static void *post(void *sem)
{
    sem_post(sem);
    return NULL;
}

static void *exit_early(void *arg)
{
    pthread_cleanup_push((void (*)(void *))note_word, "outer ");
    pthread_cleanup_push((void (*)(void *))note_word, "inner ");
    pthread_exit(arg);
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return NULL;
}

static void *join_itself(void *arg)
{
    (void)arg;
    return (void *)(intptr_t)pthread_join(pthread_self(), NULL);
}

static void *wait_to_be_cancelled(void *arg)
{
    pthread_cleanup_push((void (*)(void *))note_word, "cancelled ");
    if (arg)
        sem_wait(arg);
    for (;;)
        usleep(1000);
    pthread_cleanup_pop(0);
    return NULL;
}

static void *refuse_cancellation(void *arg)
{
    int old;
    sem_t *ready = arg, *cancelled = ready + 1;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    sem_post(ready);
    sem_wait(cancelled);
    note_word("survived ");
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
    pthread_testcancel();
    note_word("not reached ");
    return NULL;
}

static void show_life(void)
{
    pthread_t t;
    void *result = NULL;
    SHOW_ERROR(pthread_create(&t, NULL, return_argument, (void *)10));
    SHOW_ERROR(pthread_join(t, &result));
    SHOW((intptr_t)result);
    SHOW(own);
    SHOW_ERROR(pthread_create(&t, NULL, exit_early, (void *)77));
    SHOW(pthread_join(t, &result) + (intptr_t)result);
    show("cleaned up", "%s", log_text);
    pthread_create(&t, NULL, join_itself, NULL);
    pthread_join(t, &result);
    show("join of itself", "%s", error_name((int)(intptr_t)result));
    pthread_attr_t attributes;
    int value = -1;
    SHOW_ERROR(pthread_attr_init(&attributes));
    SHOW(pthread_attr_getdetachstate(&attributes, &value) + (value == PTHREAD_CREATE_JOINABLE));
    SHOW_ERROR(pthread_attr_setdetachstate(&attributes, 77));
    SHOW_ERROR(pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED));
    SHOW_ERROR(pthread_attr_setstacksize(&attributes, 1));
    SHOW_ERROR(pthread_attr_setstacksize(&attributes, 1 << 20));
    sem_t done;
    sem_init(&done, 0, 0);
    SHOW_ERROR(pthread_create(&t, &attributes, post, &done));
    SHOW(sem_wait(&done));
    SHOW_ERROR(pthread_attr_destroy(&attributes));
    SHOW(pthread_equal(pthread_self(), pthread_self()) != 0);
    SHOW_ERROR(pthread_setname_np(pthread_self(), "a name"));
    SHOW_ERROR(pthread_setname_np(pthread_self(), "a name that is too long"));
    char name[16] = "";
    SHOW_ERROR(pthread_getname_np(pthread_self(), name, sizeof(name)));
    SHOW_TEXT(name);
    SHOW(sched_yield());
}

static void show_cancellation(void)
{
    pthread_t t;
    sem_t go[2];
    void *result = NULL;
    int old = -1;
    sem_init(&go[0], 0, 0);
    sem_init(&go[1], 0, 0);
    log_text[0] = 0;
    pthread_create(&t, NULL, wait_to_be_cancelled, NULL);
    SHOW_ERROR(pthread_cancel(t));
    SHOW_ERROR(pthread_join(t, &result));
    SHOW(result == PTHREAD_CANCELED);
    pthread_create(&t, NULL, wait_to_be_cancelled, go);
    usleep(2000);
    pthread_cancel(t);
    pthread_join(t, &result);
    show("cancelled in a semaphore", "%d, %s", result == PTHREAD_CANCELED, log_text);
    log_text[0] = 0;
    pthread_create(&t, NULL, refuse_cancellation, go);
    sem_wait(go);
    pthread_cancel(t);
    sem_post(&go[1]);
    pthread_join(t, &result);
    show("cancelled late", "%d, %s", result == PTHREAD_CANCELED, log_text);
    SHOW_ERROR(pthread_setcancelstate(77, &old));
    SHOW_ERROR(pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &old));
    SHOW(old == PTHREAD_CANCEL_DEFERRED);
    SHOW_ERROR(pthread_setcanceltype(77, &old));
}

static void set_again(void *value)
{
    note_word(value);
    if (strlen(log_text) < 12)
        pthread_setspecific(key, value);
}

static void *set_own(void *arg)
{
    note_word(pthread_getspecific(key) ? "set " : "unset ");
    pthread_setspecific(key, arg);
    return pthread_getspecific(key);
}

static void run_once(void)
{
    note_word("once ");
}

static void show_keys(void)
{
    pthread_t t;
    void *result;
    log_text[0] = 0;
    SHOW_ERROR(pthread_key_create(&key, set_again));
    SHOW_ERROR(pthread_setspecific(key, "main"));
    pthread_create(&t, NULL, set_own, "x ");
    pthread_join(t, &result);
    show("of the thread", "%s", (char *)result);
    show("destructors", "%s", log_text);
    SHOW_TEXT(pthread_getspecific(key));
    SHOW_ERROR(pthread_key_delete(key));
    SHOW_ERROR(pthread_setspecific(key, "x"));
    SHOW(pthread_getspecific(key) == NULL);
    SHOW_ERROR(pthread_key_delete(key));
    SHOW_ERROR(pthread_key_create(&key, NULL));
    SHOW(pthread_getspecific(key) == NULL);
    log_text[0] = 0;
    SHOW(pthread_once(&once, run_once) + pthread_once(&once, run_once));
    SHOW_TEXT(log_text);
}

static void show_semaphores(void)
{
    sem_t sem;
    int value = -1;
    struct timespec past = {1, 0}, wrong = {1, -1};
    SHOW(sem_init(&sem, 0, 2));
    SHOW(sem_wait(&sem));
    SHOW(sem_getvalue(&sem, &value));
    SHOW(value);
    SHOW(sem_trywait(&sem));
    SHOW(sem_trywait(&sem) == -1);
    show("trywait at 0", "%s", error_name(last_error));
    SHOW(sem_timedwait(&sem, &past));
    SHOW(sem_timedwait(&sem, &wrong));
    SHOW(sem_post(&sem));
    SHOW(sem_timedwait(&sem, &wrong) + 10);
    SHOW(sem_init(&sem, 0, 0x80000000u));
    SHOW(sem_destroy(&sem));
}

void show_threads(void)
{
    show_life();
    show_cancellation();
    show_keys();
    show_semaphores();
}
