/* Threads: start, end, join, cancel.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bh/bulkhead.h>
#include <bh/core.h>

#include "thread.h"

static void end_thread(struct posix_thread *t, void *value)
{
    while (t->cleanup) {
        struct posix_cleanup *entry = t->cleanup;
        t->cleanup = entry->next;
        entry->run(entry->arg);
    }
    px_keys_end(t);
    t->value = value;
    t->ended = true;
    if (t->detached)
        free(t);
    else
        px_wake(t, UINT32_MAX);
    bh_core()->thread_exit();
}

static void run_thread(void *arg)
{
    struct posix_thread *t = arg;
    px_become(t);
    end_thread(t, t->start(t->arg));
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
    struct posix_thread *t = calloc(1, sizeof(*t));
    if (!t)
        return EAGAIN;
    t->start = start;
    t->arg = arg;
    t->detached = attr && attr->detached;
    t->blocked = px_self()->blocked;
    int r = bh_thread_create(NULL, run_thread, t);
    if (r) {
        free(t);
        return EAGAIN;
    }
    *thread = t;
    return 0;
}

void pthread_exit(void *value)
{
    struct posix_thread *t = px_self();
    if (t == px_main()) {
        /* The process goes on until another thread calls exit(). */
        px_keys_end(t);
        t->value = value;
        t->ended = true;
        px_wake(t, UINT32_MAX);
        for (;;)
            px_block_always(&t->ended, PX_FOREVER);
    }
    end_thread(t, value);
    __builtin_unreachable();
}

int pthread_join(pthread_t t, void **value)
{
    if (t == px_self())
        return EDEADLK;
    if (t->detached || t->joined)
        return EINVAL;
    t->joined = true;
    while (!t->ended)
        px_block(t, PX_FOREVER);
    if (value)
        *value = t->value;
    if (t != px_main())
        free(t);
    return 0;
}

int pthread_detach(pthread_t t)
{
    if (t->detached || t->joined)
        return EINVAL;
    t->detached = true;
    if (t->ended && t != px_main())
        free(t);
    return 0;
}

pthread_t pthread_self(void)
{
    return px_self();
}

int pthread_equal(pthread_t a, pthread_t b)
{
    return a == b;
}

int pthread_setname_np(pthread_t t, const char *name)
{
    if (strlen(name) >= NAME_SIZE)
        return ERANGE;
    strcpy(t->name, name);
    return 0;
}

int pthread_getname_np(pthread_t t, char *name, size_t size)
{
    if (strlen(t->name) >= size)
        return ERANGE;
    strcpy(name, t->name);
    return 0;
}

/* ---- Cancellation: deferred, at the points where a thread waits ---- */

int pthread_cancel(pthread_t t)
{
    t->cancelled = true;
    if (t != px_self())
        px_interrupt(t);
    return 0;
}

void pthread_testcancel(void)
{
    struct posix_thread *t = px_self();
    if (t->cancelled && !t->cancel_disabled) {
        t->waits_for = NULL;
        pthread_exit(PTHREAD_CANCELED);
    }
}

int pthread_setcancelstate(int state, int *old)
{
    struct posix_thread *t = px_self();
    if (state != PTHREAD_CANCEL_ENABLE && state != PTHREAD_CANCEL_DISABLE)
        return EINVAL;
    if (old)
        *old = t->cancel_disabled;
    t->cancel_disabled = state == PTHREAD_CANCEL_DISABLE;
    return 0;
}

int pthread_setcanceltype(int type, int *old)
{
    if (type != PTHREAD_CANCEL_DEFERRED && type != PTHREAD_CANCEL_ASYNCHRONOUS)
        return EINVAL;
    if (old)
        *old = PTHREAD_CANCEL_DEFERRED;
    return 0;
}

void posix_cleanup_push(struct posix_cleanup *entry)
{
    struct posix_thread *t = px_self();
    entry->next = t->cleanup;
    t->cleanup = entry;
}

void posix_cleanup_pop(struct posix_cleanup *entry, int execute)
{
    px_self()->cleanup = entry->next;
    if (execute)
        entry->run(entry->arg);
}
