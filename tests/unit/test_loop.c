/* Tests of the event loop.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "unit/check.h"
#include "vmm/base/clock.h"
#include "vmm/base/loop.h"

#define MS 1000000ull

/* A pipe's reading end in a loop, and what its function shall do. */
struct reader {
    struct loop *loop;
    struct loop_source source;
    int fds[2];
    int calls;
    short revents;
    bool take;            /* one byte */
    struct reader *drops; /* removes it from the loop */
    struct reader *adds;  /* adds it to the loop */
};

static struct loop loop;
static struct reader readers[4];

static void on_readable(void *argument, short revents);

static bool add_reader(struct reader *r)
{
    return loop_add(r->loop, &r->source, r->fds[0], POLLIN, on_readable, r);
}

static void on_readable(void *argument, short revents)
{
    struct reader *r = argument;
    char byte;
    r->calls++;
    r->revents = revents;
    if (r->take)
        CHECK(read(r->fds[0], &byte, 1) == 1);
    if (r->drops)
        loop_remove(r->loop, &r->drops->source);
    if (r->adds)
        CHECK(add_reader(r->adds));
}

/* A loop of `capacity` with n readers, each of which has one byte to read. */
static void open_readers(uint32_t capacity, unsigned n)
{
    CHECK(loop_init(&loop, capacity));
    memset(readers, 0, sizeof(readers));
    for (unsigned i = 0; i < sizeof(readers) / sizeof(*readers); i++) {
        readers[i].loop = &loop;
        CHECK(pipe(readers[i].fds) == 0 && write(readers[i].fds[1], "x", 1) == 1);
        if (i < n)
            CHECK(add_reader(&readers[i]));
    }
}

static void close_readers(void)
{
    for (unsigned i = 0; i < sizeof(readers) / sizeof(*readers); i++) {
        close(readers[i].fds[0]);
        close(readers[i].fds[1]);
    }
    loop_free(&loop);
}

static void every_ready_source_is_called_once_a_turn(void)
{
    open_readers(4, 3);
    readers[1].take = true;
    for (int i = 0; i < 5; i++)
        CHECK(loop_turn(&loop, LOOP_FOREVER) == (i ? 2 : 3));
    /* 0 and 2 are always ready, and do not keep each other from their turns. */
    CHECK(readers[0].calls == 5 && readers[1].calls == 1 && readers[2].calls == 5);
    CHECK(readers[0].revents == POLLIN);
    close_readers();
}

static void a_full_loop_takes_no_more(void)
{
    open_readers(2, 2);
    CHECK(!add_reader(&readers[2]) && !loop_has(&readers[2].source));
    loop_remove(&loop, &readers[0].source);
    CHECK(!loop_has(&readers[0].source));
    CHECK(add_reader(&readers[2]) && loop_turn(&loop, 0) == 2);
    CHECK(readers[0].calls == 0 && readers[1].calls == 1 && readers[2].calls == 1);
    loop_remove(&loop, &readers[0].source); /* it is in no loop: nothing happens */
    CHECK(loop_turn(&loop, 0) == 2);
    CHECK(!loop_add(&loop, &readers[0].source, -1, POLLIN, on_readable, &readers[0]));
    close_readers();
}

static void functions_may_remove_any_source(void)
{
    open_readers(4, 4);
    readers[0].drops = &readers[0];
    readers[1].drops = &readers[3]; /* which is ready, too */
    readers[2].drops = &readers[1]; /* which has been called */
    CHECK(loop_turn(&loop, 0) == 3);
    CHECK(readers[3].calls == 0);
    CHECK(loop_turn(&loop, 0) == 1 && readers[2].calls == 2);
    close_readers();
}

static void what_takes_a_removed_place_waits_for_the_next_turn(void)
{
    open_readers(2, 2);
    readers[0].drops = &readers[1];
    readers[0].adds = &readers[2]; /* in the place of 1, which was ready */
    CHECK(loop_turn(&loop, 0) == 1 && readers[1].calls == 0 && readers[2].calls == 0);
    readers[0].drops = readers[0].adds = NULL;
    CHECK(loop_turn(&loop, 0) == 2 && readers[2].calls == 1);
    close_readers();
}

static void other_events_can_be_asked_for(void)
{
    open_readers(4, 1);
    loop_change(&loop, &readers[0].source, 0);
    CHECK(loop_turn(&loop, 0) == 0);
    close(readers[0].fds[1]); /* the end of a pipe is told in any case */
    readers[0].fds[1] = -1;
    CHECK(loop_turn(&loop, 0) == 1 && readers[0].revents == POLLHUP);
    close_readers();
}

/* A timer that notes when it was called, and sets itself again `again` times. */
struct alarm {
    struct loop_timer timer;
    int calls, again;
    unsigned order; /* among all */
    struct loop_timer *stops;
};
static unsigned alarms_called;

static void on_alarm(void *argument)
{
    struct alarm *a = argument;
    a->calls++;
    a->order = ++alarms_called;
    if (a->again-- > 0)
        loop_timer_set(&loop, &a->timer, 1); /* long over */
    if (a->stops)
        loop_timer_set(&loop, a->stops, 0);
}

static void init_alarms(struct alarm *list, unsigned n)
{
    alarms_called = 0;
    for (unsigned i = 0; i < n; i++)
        list[i] = (struct alarm){.timer = {.function = on_alarm, .argument = &list[i]}};
}

static void timers_are_called_when_they_are_due(void)
{
    struct alarm a[3];
    init_alarms(a, 3);
    CHECK(loop_init(&loop, 1));
    uint64_t start = clock_ns();
    loop_timer_set(&loop, &a[0].timer, start + 20 * MS);
    loop_timer_set(&loop, &a[1].timer, start + 10 * MS);
    loop_timer_set(&loop, &a[2].timer, start + 60000 * MS);
    while (!a[0].calls)
        CHECK(loop_turn(&loop, LOOP_FOREVER) >= 0);
    CHECK(clock_ns() - start >= 20 * MS && a[1].order == 1 && a[0].order == 2 && a[2].calls == 0);
    CHECK(!a[0].timer.deadline && a[2].timer.deadline);
    start = clock_ns();
    CHECK(loop_turn(&loop, 5 * MS) == 0 && clock_ns() - start >= 5 * MS && a[0].calls == 1);
    loop_timer_set(&loop, &a[2].timer, 1); /* moved */
    CHECK(loop_turn(&loop, LOOP_FOREVER) == 1 && a[2].calls == 1);
    loop_free(&loop);
}

static void timers_cannot_keep_sources_waiting(void)
{
    struct alarm a[2];
    init_alarms(a, 2);
    open_readers(1, 1);
    a[0].again = 1000;
    loop_timer_set(&loop, &a[0].timer, 1);
    loop_timer_set(&loop, &a[1].timer, 2);
    CHECK(loop_turn(&loop, LOOP_FOREVER) == 3 && readers[0].calls == 1 && a[0].calls == 1 && a[1].calls == 1);
    CHECK(loop_turn(&loop, LOOP_FOREVER) == 2 && readers[0].calls == 2 && a[0].calls == 2);
    close_readers();
}

static void a_stopped_timer_is_not_called(void)
{
    struct alarm a[3];
    init_alarms(a, 3);
    CHECK(loop_init(&loop, 1));
    for (unsigned i = 0; i < 3; i++)
        loop_timer_set(&loop, &a[i].timer, 1 + i);
    loop_timer_set(&loop, &a[1].timer, 0);
    a[0].stops = &a[2].timer;
    CHECK(loop_turn(&loop, 0) == 1 && a[0].calls == 1 && a[1].calls == 0 && a[2].calls == 0);
    CHECK(loop_turn(&loop, 0) == 0 && !loop.timers);
    loop_free(&loop);
}

static void errors_of_ppoll_are_returned(void)
{
    struct rlimit before, none;
    struct alarm a;
    init_alarms(&a, 1);
    open_readers(4, 4);
    loop_timer_set(&loop, &a.timer, 1);
    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    none = (struct rlimit){.rlim_cur = 3, .rlim_max = before.rlim_max};
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    int result = loop_turn(&loop, 0);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(result == -EINVAL && readers[0].calls == 0 && a.calls == 1);
    loop_remove(&loop, &readers[3].source);
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    result = loop_turn(&loop, 0); /* three are not too many, with whatever numbers */
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0 && result == 3);
    close_readers();
}

int main(void)
{
    RUN(every_ready_source_is_called_once_a_turn);
    RUN(a_full_loop_takes_no_more);
    RUN(functions_may_remove_any_source);
    RUN(what_takes_a_removed_place_waits_for_the_next_turn);
    RUN(other_events_can_be_asked_for);
    RUN(timers_are_called_when_they_are_due);
    RUN(timers_cannot_keep_sources_waiting);
    RUN(a_stopped_timer_is_not_called);
    RUN(errors_of_ppoll_are_returned);
    return CHECK_RESULT();
}
