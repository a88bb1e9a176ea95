/* picolibc's locks (stdio) on the core's threads: recursive, because picolibc nests them.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <sys/lock.h>

#include "runtime.h"

struct __lock {
    struct bh_mutex mutex;
    uint32_t depth;
};

struct __lock __lock___libc_recursive_mutex;

static void take_lock(struct __lock *l)
{
    if (l->mutex.owner != bh_thread_self() + 1)
        bh_mutex_lock(&l->mutex);
    l->depth++;
}

static void give_lock(struct __lock *l)
{
    if (--l->depth == 0)
        bh_mutex_unlock(&l->mutex);
}

static void make_lock(_LOCK_T *lock)
{
    *lock = calloc(1, sizeof(struct __lock));
    if (!*lock)
        bh_panic("no memory for a lock: give this compartment more `memory`");
}

void __retarget_lock_init(_LOCK_T *lock)
{
    make_lock(lock);
}
void __retarget_lock_init_recursive(_LOCK_T *lock)
{
    make_lock(lock);
}
void __retarget_lock_close(_LOCK_T lock)
{
    free(lock);
}
void __retarget_lock_close_recursive(_LOCK_T lock)
{
    free(lock);
}
void __retarget_lock_acquire(_LOCK_T lock)
{
    take_lock(lock);
}
void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
    take_lock(lock);
}
void __retarget_lock_release(_LOCK_T lock)
{
    give_lock(lock);
}
void __retarget_lock_release_recursive(_LOCK_T lock)
{
    give_lock(lock);
}
