/* An event loop: file descriptors and timers, each with a function that is called when it is due.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Sources and timers belong to the caller, who embeds them in the structure that they are about and keeps them in place
 * while the loop knows them. The loop stores pointers to them only. It allocates in loop_init() and nowhere else.
 *
 * Only ppoll(2) is called, because the seccomp filters of the sandboxed processes allow no other way to wait. ppoll()
 * refuses more descriptors than RLIMIT_NOFILE, whatever their numbers are. The clock is read only while a timer is set,
 * so that a process without timers needs no clock_gettime(2). A loop is used by one thread. */
#ifndef BH_VMM_BASE_LOOP_H
#define BH_VMM_BASE_LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#define LOOP_FOREVER UINT64_MAX /* a limit for loop_turn(): as long as it takes */

/* A descriptor to wait for. All zero: in no loop. */
struct loop_source {
    void (*function)(void *argument, short revents); /* revents: as poll(2) has them, never 0 */
    void *argument;
    uint32_t place; /* in the loop's arrays, plus one; 0: in no loop */
};

/* A point in time to wait for. All zero but the first two: not set. */
struct loop_timer {
    void (*function)(void *argument);
    void *argument;
    uint64_t deadline; /* clock_ns(); 0: not set */
    uint64_t turn;     /* in which it was called last */
    struct loop_timer *next;
};

struct loop {
    struct pollfd *fds;           /* capacity entries */
    struct loop_source **sources; /* of each of them; NULL: removed during this turn */
    uint32_t capacity, n;
    struct loop_timer *timers; /* those that are set */
    uint64_t turn;
    bool calling; /* the functions of sources are being called: entries keep their places */
};

/* Makes a loop for at most `capacity` descriptors. False: out of memory. */
bool loop_init(struct loop *l, uint32_t capacity);
void loop_free(struct loop *l);

/* Waits for `events` (poll(2)) of `fd`, too, from the next turn on. The caller keeps the descriptor open until it has
 * removed the source. False, and nothing is added: fd is negative, or the loop is full. */
bool loop_add(struct loop *l, struct loop_source *s, int fd, short events,
              void (*function)(void *argument, short revents), void *argument);

/* Waits for other events of a source that is in the loop. */
void loop_change(struct loop *l, const struct loop_source *s, short events);

/* Forgets a source; does nothing if it is in no loop. Safe in any function that the loop calls: a source that was
 * removed is not called any more, even when it was ready in the same turn. */
void loop_remove(struct loop *l, struct loop_source *s);

/* Whether the loop knows it. */
static inline bool loop_has(const struct loop_source *s)
{
    return s->place != 0;
}

/* Sets or moves the deadline (clock_ns()) of a timer, whose function and argument the caller has filled in; 0 stops it.
 * A timer is called once and is not set any more then. Safe in any function that the loop calls. */
void loop_timer_set(struct loop *l, struct loop_timer *t, uint64_t deadline);

/* Waits until a source is ready, a deadline has passed, or limit_ns are over (0: does not wait), and calls the function
 * of each source that is ready and of each timer that is due exactly once, so that none of them can starve another.
 * Sources come first, in the order in which they were added, then timers, the earliest first. Blocks for limit_ns at
 * most, apart from what the functions do. A signal may end it early. Returns how many functions were called; -errno if
 * ppoll() failed, when only timers were called. */
int loop_turn(struct loop *l, uint64_t limit_ns);

#endif
