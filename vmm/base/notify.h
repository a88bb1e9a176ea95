/* Wakes a thread or a VM that sleeps on an eventfd (eventfd(2)).
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_BASE_NOTIFY_H
#define BH_VMM_BASE_NOTIFY_H

#include <stdint.h>

/* Adds one to the eventfd, which must be non-blocking. 0, also when its counter is full, because then a notification
 * is pending already; else -errno. Safe in a signal handler; leaves errno as write(2) does. */
int notify(int event_fd);

#endif
