/* Threads inside the POSIX layer.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef POSIX_THREAD_H
#define POSIX_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#include "../px.h"

enum { NAME_SIZE = 16 };

struct posix_thread {
    uint32_t id; /* the core's */
    bool detached, ended, joined;
    bool cancel_disabled, cancelled;
    void *(*start)(void *);
    void *arg, *value;
    const void *waits_for; /* key of px_block(), or NULL */
    sigset_t blocked;
    struct posix_cleanup *cleanup;
    struct {
        void *value;
        uint32_t round; /* of the key: values of a deleted key with the same number are ignored */
    } keys[PTHREAD_KEYS_MAX];
    char name[NAME_SIZE];
};

struct posix_thread *px_self(void);
struct posix_thread *px_main(void);        /* the thread that runs main(): signal handlers run there */
void px_become(struct posix_thread *t);    /* makes it the descriptor of the calling thread */
uint32_t px_tid(void);                     /* the core's id + 1, never 0 */
void px_interrupt(struct posix_thread *t); /* ends its px_block() early */
void px_keys_end(struct posix_thread *t);  /* destructors */

/* Nanoseconds since the start (px_now) of a point in time on a clock; 0: a wrong argument. */
uint64_t px_when(clockid_t clock, const struct timespec *time);

/* Runs handlers of pending signals, on the main thread. 0: none; else as px_block(). */
int px_signals_run(struct posix_thread *self);

#endif
