/* The event loop: one ppoll() per turn.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/base/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "vmm/base/clock.h"

bool loop_init(struct loop *l, uint32_t capacity)
{
    *l = (struct loop){.capacity = capacity};
    l->fds = calloc(capacity, sizeof(*l->fds));
    l->sources = calloc(capacity, sizeof(*l->sources));
    if (l->fds && l->sources)
        return true;
    loop_free(l);
    return false;
}

void loop_free(struct loop *l)
{
    free(l->fds);
    free(l->sources);
    *l = (struct loop){.n = 0};
}

/* An entry that nobody uses; `capacity`: there is none. */
static uint32_t free_place(const struct loop *l)
{
    if (l->n < l->capacity)
        return l->n;
    uint32_t i = 0;
    while (i < l->n && l->sources[i])
        i++;
    return i;
}

bool loop_add(struct loop *l, struct loop_source *s, int fd, short events,
              void (*function)(void *argument, short revents), void *argument)
{
    uint32_t i = free_place(l);
    if (fd < 0 || i == l->capacity)
        return false;
    *s = (struct loop_source){.function = function, .argument = argument, .place = i + 1};
    l->fds[i] = (struct pollfd){.fd = fd, .events = events};
    l->sources[i] = s;
    l->n += i == l->n;
    return true;
}

void loop_change(struct loop *l, const struct loop_source *s, short events)
{
    l->fds[s->place - 1].events = events;
}

void loop_remove(struct loop *l, struct loop_source *s)
{
    if (!s->place)
        return;
    uint32_t i = s->place - 1;
    s->place = 0;
    l->sources[i] = NULL;
    l->fds[i] = (struct pollfd){.fd = -1};
    if (!l->calling && i == l->n - 1)
        l->n--;
}

/* Closes the gaps that removed sources left. The others keep their order. */
static void close_gaps(struct loop *l)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < l->n; i++) {
        if (!l->sources[i])
            continue;
        l->fds[n] = l->fds[i];
        l->sources[n] = l->sources[i];
        l->sources[n]->place = n + 1;
        n++;
    }
    l->n = n;
}

void loop_timer_set(struct loop *l, struct loop_timer *t, uint64_t deadline)
{
    struct loop_timer **at = &l->timers;
    while (*at && *at != t)
        at = &(*at)->next;
    if (*at && !deadline) {
        *at = t->next;
    } else if (!*at && deadline) {
        t->next = NULL;
        *at = t;
    }
    t->deadline = deadline;
}

/* The timer with the earliest deadline among those that were not called in this turn; NULL: there is none. */
static struct loop_timer *earliest_timer(const struct loop *l)
{
    struct loop_timer *found = NULL;
    for (struct loop_timer *t = l->timers; t; t = t->next)
        if (t->turn != l->turn && (!found || t->deadline < found->deadline))
            found = t;
    return found;
}

/* Polls until something happens. 0, or -errno. */
static int wait_for_sources(struct loop *l, uint64_t limit_ns)
{
    const struct loop_timer *first = earliest_timer(l);
    if (first) {
        uint64_t now = clock_ns(), left = first->deadline > now ? first->deadline - now : 0;
        limit_ns = left < limit_ns ? left : limit_ns;
    }
    struct timespec limit = {.tv_sec = (time_t)(limit_ns / CLOCK_SECOND), .tv_nsec = (long)(limit_ns % CLOCK_SECOND)};
    if (ppoll(l->fds, l->n, limit_ns == LOOP_FOREVER ? NULL : &limit, NULL) >= 0)
        return 0;
    int error = errno;
    for (uint32_t i = 0; i < l->n; i++)
        l->fds[i].revents = 0;
    return error == EINTR ? 0 : -error;
}

static int call_sources(struct loop *l)
{
    int called = 0;
    l->calling = true;
    for (uint32_t i = 0; i < l->n; i++) {
        short revents = l->fds[i].revents;
        if (l->sources[i] && revents) {
            l->sources[i]->function(l->sources[i]->argument, revents);
            called++;
        }
    }
    l->calling = false;
    return called;
}

static int call_timers(struct loop *l)
{
    int called = 0;
    struct loop_timer *t;
    uint64_t now = l->timers ? clock_ns() : 0;
    while ((t = earliest_timer(l)) && t->deadline <= now) {
        loop_timer_set(l, t, 0);
        t->turn = l->turn;
        t->function(t->argument);
        called++;
    }
    return called;
}

int loop_turn(struct loop *l, uint64_t limit_ns)
{
    close_gaps(l);
    l->turn++;
    int error = wait_for_sources(l, limit_ns);
    int called = error ? 0 : call_sources(l);
    called += call_timers(l);
    return error ? error : called;
}
