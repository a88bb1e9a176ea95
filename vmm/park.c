/* Parking: one ppoll, no process that spins.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/park.h"

#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "rpc/abi.h"

#define NS       1000000000ull
#define FAR_AWAY (100ull * 365 * 24 * 3600 * NS) /* what a time_t is sure to hold */

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS + (uint64_t)t.tv_nsec;
}

uint64_t park(int bell, int input, uint64_t timeout, uint64_t events, int debugger)
{
    struct pollfd fds[3] = {{.fd = events & BH_EVENT_BELL ? bell : -1, .events = POLLIN},
                            {.fd = events & BH_EVENT_STDIN ? input : -1, .events = POLLIN},
                            {.fd = debugger, .events = POLLIN}};
    if (timeout > FAR_AWAY) {
        timeout = BH_FOREVER;
    }
    uint64_t deadline = timeout == BH_FOREVER ? BH_FOREVER : now_ns() + timeout;
    for (;;) {
        struct timespec left = {0}, *limit = NULL;
        if (deadline != BH_FOREVER) {
            uint64_t now = now_ns();
            uint64_t ns = now < deadline ? deadline - now : 0;
            left = (struct timespec){.tv_sec = (time_t)(ns / NS), .tv_nsec = (long)(ns % NS)};
            limit = &left;
        }
        int ready = ppoll(fds, 3, limit, NULL);
        if (ready == 0) {
            return 0;
        }
        if (ready < 0) {
            if (errno == EINTR) {
                continue;
            }
            return 0;
        }
        uint64_t came = 0, count;
        if (fds[0].revents && read(bell, &count, sizeof count) == (ssize_t)sizeof count) {
            came |= BH_EVENT_BELL;
        }
        if (fds[1].revents) { /* hang-up and error too: the next read tells */
            came |= BH_EVENT_STDIN;
        }
        if (came || fds[2].revents) {
            return came;
        }
    }
}
