/* Sleeping, clocks, and the one interval timer.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <bh/bulkhead.h>

#include "../thread/thread.h"

enum { SECOND = 1000000000 };

/* Sleeps until `deadline`; 0, or -EINTR. */
static int sleep_until(uint64_t deadline)
{
    uint8_t nobody_wakes_this = 0;
    for (;;) {
        int r = px_interrupted(px_block(&nobody_wakes_this, deadline));
        if (r)
            return r == -ETIMEDOUT ? 0 : r;
    }
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *wanted, struct timespec *left)
{
    struct timespec clock_now;
    if (wanted->tv_nsec < 0 || wanted->tv_nsec >= SECOND || wanted->tv_sec < 0 || clock_gettime(clock, &clock_now) != 0)
        return EINVAL;
    uint64_t deadline = flags & TIMER_ABSTIME
                            ? px_when(clock, wanted)
                            : px_deadline((uint64_t)wanted->tv_sec * SECOND + (uint64_t)wanted->tv_nsec);
    if (!deadline)
        return EINVAL;
    int r = sleep_until(deadline);
    if (!left || flags & TIMER_ABSTIME)
        return -r;
    uint64_t now = px_now(), rest = r && deadline > now ? deadline - now : 0;
    *left = (struct timespec){(time_t)(rest / SECOND), (long)(rest % SECOND)};
    return -r;
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    return (int)px_result(-clock_nanosleep(CLOCK_MONOTONIC, 0, wanted, left));
}

int usleep(useconds_t us)
{
    return (int)px_result(sleep_until(px_deadline((uint64_t)us * 1000)));
}

unsigned sleep(unsigned seconds)
{
    uint64_t deadline = px_deadline((uint64_t)seconds * SECOND);
    if (sleep_until(deadline) == 0)
        return 0;
    uint64_t now = px_now();
    return deadline > now ? (unsigned)((deadline - now + SECOND - 1) / SECOND) : 0;
}

int clock_getres(clockid_t clock, struct timespec *resolution)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
        return -1;
    if (resolution)
        *resolution = (struct timespec){0, 1};
    return 0;
}

int clock_settime(clockid_t clock, const struct timespec *time)
{
    (void)clock, (void)time;
    return (int)px_result(-EPERM);
}

clock_t clock(void)
{
    return (clock_t)(px_now() / (SECOND / CLOCKS_PER_SEC));
}

/* ---- ITIMER_REAL: a thread of its own sleeps and sends SIGALRM. ---- */

static uint64_t alarm_at, alarm_interval; /* ns; at 0: off */
static bool alarm_thread;

static void wait_for_alarm(void *unused)
{
    (void)unused;
    for (;;) {
        uint64_t at = alarm_at;
        if (!at || px_now() < at) {
            px_block_always(&alarm_at, at ? at : PX_FOREVER);
            continue;
        }
        alarm_at = alarm_interval ? at + alarm_interval : 0;
        pthread_kill(px_main(), SIGALRM);
    }
}

static uint64_t ns_of(struct timeval t)
{
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_usec * 1000;
}

static struct timeval timeval_of(uint64_t ns)
{
    return (struct timeval){(time_t)(ns / SECOND), (suseconds_t)(ns % SECOND / 1000)};
}

int getitimer(int which, struct itimerval *value)
{
    if (which != ITIMER_REAL)
        return (int)px_result(-EINVAL);
    uint64_t now = px_now();
    value->it_interval = timeval_of(alarm_interval);
    value->it_value = timeval_of(alarm_at > now ? alarm_at - now : 0);
    return 0;
}

static bool is_interval(const struct timeval *time)
{
    return time->tv_sec >= 0 && time->tv_usec >= 0 && time->tv_usec < 1000000;
}

int setitimer(int which, const struct itimerval *restrict value, struct itimerval *restrict old)
{
    if (which != ITIMER_REAL || !is_interval(&value->it_value) || !is_interval(&value->it_interval))
        return (int)px_result(-EINVAL);
    if (old)
        getitimer(which, old);
    if (!alarm_thread && bh_thread_create(NULL, wait_for_alarm, NULL) != 0)
        return (int)px_result(-EAGAIN);
    alarm_thread = true;
    uint64_t first = ns_of(value->it_value);
    alarm_interval = ns_of(value->it_interval);
    alarm_at = first ? px_deadline(first) : 0;
    px_wake(&alarm_at, 1);
    return 0;
}

unsigned alarm(unsigned seconds)
{
    struct itimerval value = {.it_value.tv_sec = seconds}, old;
    if (setitimer(ITIMER_REAL, &value, &old) != 0)
        return 0;
    return (unsigned)(old.it_value.tv_sec + (old.it_value.tv_usec != 0));
}
