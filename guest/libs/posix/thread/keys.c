/* Thread-specific values and pthread_once().
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "thread.h"

static struct {
    bool used;
    uint32_t round; /* how often it was created */
    void (*destructor)(void *);
} keys[PTHREAD_KEYS_MAX];

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    for (uint32_t i = 0; i < PTHREAD_KEYS_MAX; i++) {
        if (keys[i].used)
            continue;
        keys[i].used = true;
        keys[i].destructor = destructor;
        keys[i].round++;
        *key = i;
        return 0;
    }
    return EAGAIN;
}

int pthread_key_delete(pthread_key_t key)
{
    if (key >= PTHREAD_KEYS_MAX || !keys[key].used)
        return EINVAL;
    keys[key].used = false;
    return 0;
}

void *pthread_getspecific(pthread_key_t key)
{
    struct posix_thread *t = px_self();
    bool set = key < PTHREAD_KEYS_MAX && keys[key].used && t->keys[key].round == keys[key].round;
    return set ? t->keys[key].value : NULL;
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
    if (key >= PTHREAD_KEYS_MAX || !keys[key].used)
        return EINVAL;
    struct posix_thread *t = px_self();
    t->keys[key].value = (void *)value;
    t->keys[key].round = keys[key].round;
    return 0;
}

void px_keys_end(struct posix_thread *t)
{
    bool again = true;
    for (int round = 0; again && round < PTHREAD_DESTRUCTOR_ITERATIONS; round++) {
        again = false;
        for (uint32_t i = 0; i < PTHREAD_KEYS_MAX; i++) {
            void *value = t->keys[i].round == keys[i].round ? t->keys[i].value : NULL;
            t->keys[i].value = NULL;
            if (!value || !keys[i].used || !keys[i].destructor)
                continue;
            keys[i].destructor(value);
            again = true;
        }
    }
}

int pthread_once(pthread_once_t *once, void (*run)(void))
{
    while (once->state == 1)
        px_block_always(once, PX_FOREVER);
    if (once->state == 2)
        return 0;
    once->state = 1;
    run();
    once->state = 2;
    px_wake(once, UINT32_MAX);
    return 0;
}
