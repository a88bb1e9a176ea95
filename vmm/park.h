/* Waiting on a VM's behalf.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_PARK_H
#define BH_PARK_H

#include <stdint.h>

/* Sleeps until one of `events` (BH_EVENT_*; others are ignored) came or `timeout` ns are over
 * (BH_FOREVER: never), or there is something to read from `debugger` (-1: none). Returns the events; bells are used up by that. 0: timeout, or the debugger. */
uint64_t park(int bell, int input, uint64_t timeout, uint64_t events, int debugger);

#endif
