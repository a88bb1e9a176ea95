/* Parks a VM with one ppoll(2); nothing spins.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/kvm/park.h"

#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "vmm/base/clock.h"
#include "rpc/hypercall.h"

#define NS       1000000000ull
#define FAR_AWAY (100ull * 365 * 24 * 3600 * NS) /* fits any time_t */

static uint64_t take_events(struct pollfd fds[2], int notify_fd)
{
    uint64_t came = 0, count;
    if (fds[0].revents && read(notify_fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
        came |= BH_EVENT_NOTIFY;
    if (fds[1].revents) /* hang-up and error too: the next read reports them */
        came |= BH_EVENT_STDIN;
    return came;
}

static void set_idle(struct park_idle *idle)
{
    if (idle)
        __atomic_store_n(idle->flag, *idle->flag + 1, __ATOMIC_SEQ_CST);
}

/* Sleeps for a while, and reports it if nothing happened. */
static void sleep_long(struct pollfd fds[3], struct park_idle *idle)
{
    const struct timespec patience = {.tv_sec = PARK_LONG / NS};
    if (ppoll(fds, 3, &patience, NULL) == 0)
        idle->long_asleep(idle->arg);
}

uint64_t park(int notify_fd, int input, uint64_t timeout, uint64_t events, struct park_idle *idle, int debugger)
{
    struct pollfd fds[3] = {{.fd = events & BH_EVENT_NOTIFY ? notify_fd : -1, .events = POLLIN},
                            {.fd = events & BH_EVENT_STDIN ? input : -1, .events = POLLIN},
                            {.fd = debugger, .events = POLLIN}};
    if (timeout > FAR_AWAY)
        timeout = BH_FOREVER;
    uint64_t deadline = timeout == BH_FOREVER ? BH_FOREVER : clock_ns() + timeout;
    if (idle && deadline == BH_FOREVER) {
        set_idle(idle);
        sleep_long(fds, idle);
    } else {
        idle = NULL;
    }
    for (;;) {
        struct timespec left = {0}, *limit = NULL;
        if (deadline != BH_FOREVER) {
            uint64_t now = clock_ns();
            uint64_t ns = now < deadline ? deadline - now : 0;
            left = (struct timespec){.tv_sec = (time_t)(ns / NS), .tv_nsec = (long)(ns % NS)};
            limit = &left;
        }
        int ready = ppoll(fds, 3, limit, NULL);
        if (ready < 0 && errno == EINTR)
            continue;
        set_idle(idle); /* before the eventfd is reset: else it would seem to sleep without a notification */
        uint64_t came = ready > 0 ? take_events(fds, notify_fd) : 0;
        if (came || ready <= 0 || fds[2].revents)
            return came;
        set_idle(idle);
    }
}
