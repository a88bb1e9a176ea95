/* Waiting on a VM's behalf.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_KVM_PARK_H
#define BH_VMM_KVM_PARK_H

#include <stdint.h>

/* For a VM that only its bell can wake: how others learn that it sleeps for good, perhaps. */
struct park_idle {
    uint64_t *flag;                 /* +1 when the sleep begins, and +1 when it ends, before the bell is taken */
    void (*long_asleep)(void *arg); /* once, after PARK_LONG */
    void *arg;
};
#define PARK_LONG 1000000000ull /* ns */

/* Sleeps until one of `events` (BH_EVENT_*; others are ignored) came or `timeout` ns are over (BH_FOREVER: never), or
 * there is something to read from `debugger` (-1: none). `idle`: NULL if something else wakes the VM, too. Returns the
 * events; bells are used up by that. 0: timeout, or the debugger. */
uint64_t park(int bell, int input, uint64_t timeout, uint64_t events, struct park_idle *idle, int debugger);

#endif
