/* Waits on behalf of a VM that has nothing to run.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_KVM_PARK_H
#define BH_VMM_KVM_PARK_H

#include <stdint.h>

/* For a VM that only a notification of another VM can wake: how the supervisor learns that it may sleep for ever. */
struct park_idle {
    uint64_t *flag;                 /* grows by 1 when the sleep begins, and when it ends, before the eventfd is read */
    void (*long_asleep)(void *arg); /* called once, after PARK_LONG */
    void *arg;
};
#define PARK_LONG 1000000000ull /* ns */

/* Sleeps until one of `events` has come (BH_EVENT_*; others are ignored), `timeout` ns are over (BH_FOREVER: never), or
 * there is something to read from `debugger` (-1: none). `notify_fd` is the eventfd of BH_EVENT_NOTIFY, and is reset.
 * `idle` is NULL if something other than a VM can wake this one, too. Returns the events; 0: the time is over, or the
 * debugger wants something. */
uint64_t park(int notify_fd, int input, uint64_t timeout, uint64_t events, struct park_idle *idle, int debugger);

#endif
