/* POSIX threads on the core's cooperative threads (docs/posix.md says what that means).
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_PTHREAD_H
#define BH_PTHREAD_H

#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

typedef struct posix_thread *pthread_t;
typedef uint32_t pthread_key_t;

typedef struct {
    size_t stack_size; /* ignored: the TOML's `stack` decides */
    int detached;
} pthread_attr_t;

typedef struct {
    uint32_t owner; /* thread id + 1; 0: free */
    uint32_t depth;
    uint32_t waiters;
    uint32_t type;
} pthread_mutex_t;
typedef struct {
    uint32_t type;
} pthread_mutexattr_t;

typedef struct {
    uint32_t waiters;
    clockid_t clock; /* 0: CLOCK_REALTIME */
} pthread_cond_t;
typedef struct {
    clockid_t clock;
} pthread_condattr_t;

typedef struct {
    uint32_t writer; /* thread id + 1; 0: none */
    uint32_t readers;
    uint32_t waiters;
    uint32_t waiting_writers;
} pthread_rwlock_t;
typedef struct {
    int unused;
} pthread_rwlockattr_t;

typedef struct {
    uint32_t owner;
} pthread_spinlock_t;

typedef struct {
    uint32_t state; /* 0 never, 1 running, 2 done */
} pthread_once_t;

typedef struct {
    uint32_t needed, arrived, round;
} pthread_barrier_t;
typedef struct {
    int unused;
} pthread_barrierattr_t;

#define PTHREAD_MUTEX_NORMAL     0
#define PTHREAD_MUTEX_RECURSIVE  1
#define PTHREAD_MUTEX_ERRORCHECK 2
#define PTHREAD_MUTEX_DEFAULT    PTHREAD_MUTEX_NORMAL
#define PTHREAD_MUTEX_INITIALIZER     \
    {                                 \
        0, 0, 0, PTHREAD_MUTEX_NORMAL \
    }
#define PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP \
    {                                          \
        0, 0, 0, PTHREAD_MUTEX_RECURSIVE       \
    }
#define PTHREAD_COND_INITIALIZER \
    {                            \
        0, 0                     \
    }
#define PTHREAD_RWLOCK_INITIALIZER \
    {                              \
        0, 0, 0, 0                 \
    }
#define PTHREAD_ONCE_INIT \
    {                     \
        0                 \
    }
#define PTHREAD_CREATE_JOINABLE       0
#define PTHREAD_CREATE_DETACHED       1
#define PTHREAD_PROCESS_PRIVATE       0
#define PTHREAD_PROCESS_SHARED        1
#define PTHREAD_SCOPE_PROCESS         0
#define PTHREAD_SCOPE_SYSTEM          1
#define PTHREAD_CANCEL_ENABLE         0
#define PTHREAD_CANCEL_DISABLE        1
#define PTHREAD_CANCEL_DEFERRED       0
#define PTHREAD_CANCEL_ASYNCHRONOUS   1 /* accepted, means deferred */
#define PTHREAD_CANCELED              ((void *)-1)
#define PTHREAD_BARRIER_SERIAL_THREAD (-1)
#define PTHREAD_KEYS_MAX              64
#define PTHREAD_STACK_MIN             16384
#define PTHREAD_DESTRUCTOR_ITERATIONS 4

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg);
int pthread_join(pthread_t thread, void **value);
int pthread_detach(pthread_t thread);
void pthread_exit(void *value) __attribute__((noreturn));
pthread_t pthread_self(void);
int pthread_equal(pthread_t a, pthread_t b);
int pthread_setname_np(pthread_t thread, const char *name);
int pthread_getname_np(pthread_t thread, char *name, size_t size);
int pthread_kill(pthread_t thread, int signal);
int pthread_sigmask(int how, const sigset_t *set, sigset_t *old);
int pthread_cancel(pthread_t thread);
int pthread_setcancelstate(int state, int *old);
int pthread_setcanceltype(int type, int *old);
void pthread_testcancel(void);
int pthread_getcpuclockid(pthread_t thread, clockid_t *clock);
int pthread_setschedparam(pthread_t thread, int policy, const struct sched_param *param);
int pthread_getschedparam(pthread_t thread, int *policy, struct sched_param *param);

struct posix_cleanup {
    void (*run)(void *);
    void *arg;
    struct posix_cleanup *next;
};
void posix_cleanup_push(struct posix_cleanup *entry);
void posix_cleanup_pop(struct posix_cleanup *entry, int run);
#define pthread_cleanup_push(routine, argument)                              \
    do {                                                                     \
        struct posix_cleanup posix_cleanup_ = {(routine), (argument), NULL}; \
        posix_cleanup_push(&posix_cleanup_);
#define pthread_cleanup_pop(run)               \
    posix_cleanup_pop(&posix_cleanup_, (run)); \
    }                                          \
    while (0)

int pthread_attr_init(pthread_attr_t *attr);
int pthread_attr_destroy(pthread_attr_t *attr);
int pthread_attr_setstacksize(pthread_attr_t *attr, size_t size);
int pthread_attr_getstacksize(const pthread_attr_t *attr, size_t *size);
int pthread_attr_setguardsize(pthread_attr_t *attr, size_t size);
int pthread_attr_setdetachstate(pthread_attr_t *attr, int state);
int pthread_attr_getdetachstate(const pthread_attr_t *attr, int *state);
int pthread_attr_setscope(pthread_attr_t *attr, int scope);

int pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr);
int pthread_mutex_destroy(pthread_mutex_t *m);
int pthread_mutex_lock(pthread_mutex_t *m);
int pthread_mutex_trylock(pthread_mutex_t *m);
int pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *deadline);
int pthread_mutex_unlock(pthread_mutex_t *m);
int pthread_mutexattr_init(pthread_mutexattr_t *attr);
int pthread_mutexattr_destroy(pthread_mutexattr_t *attr);
int pthread_mutexattr_settype(pthread_mutexattr_t *attr, int type);
int pthread_mutexattr_gettype(const pthread_mutexattr_t *attr, int *type);
int pthread_mutexattr_setpshared(pthread_mutexattr_t *attr, int shared);

int pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *attr);
int pthread_cond_destroy(pthread_cond_t *c);
int pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m);
int pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *deadline);
int pthread_cond_signal(pthread_cond_t *c);
int pthread_cond_broadcast(pthread_cond_t *c);
int pthread_condattr_init(pthread_condattr_t *attr);
int pthread_condattr_destroy(pthread_condattr_t *attr);
int pthread_condattr_setclock(pthread_condattr_t *attr, clockid_t clock);
int pthread_condattr_getclock(const pthread_condattr_t *attr, clockid_t *clock);

int pthread_rwlock_init(pthread_rwlock_t *l, const pthread_rwlockattr_t *attr);
int pthread_rwlock_destroy(pthread_rwlock_t *l);
int pthread_rwlock_rdlock(pthread_rwlock_t *l);
int pthread_rwlock_tryrdlock(pthread_rwlock_t *l);
int pthread_rwlock_wrlock(pthread_rwlock_t *l);
int pthread_rwlock_trywrlock(pthread_rwlock_t *l);
int pthread_rwlock_timedrdlock(pthread_rwlock_t *l, const struct timespec *time);
int pthread_rwlock_timedwrlock(pthread_rwlock_t *l, const struct timespec *time);
int pthread_rwlock_unlock(pthread_rwlock_t *l);

int pthread_spin_init(pthread_spinlock_t *l, int shared);
int pthread_spin_destroy(pthread_spinlock_t *l);
int pthread_spin_lock(pthread_spinlock_t *l);
int pthread_spin_trylock(pthread_spinlock_t *l);
int pthread_spin_unlock(pthread_spinlock_t *l);

int pthread_barrier_init(pthread_barrier_t *b, const pthread_barrierattr_t *attr, unsigned count);
int pthread_barrier_destroy(pthread_barrier_t *b);
int pthread_barrier_wait(pthread_barrier_t *b);

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *));
int pthread_key_delete(pthread_key_t key);
void *pthread_getspecific(pthread_key_t key);
int pthread_setspecific(pthread_key_t key, const void *value);

int pthread_once(pthread_once_t *once, void (*run)(void));
int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));

#endif
