/* An appliance's counters for Prometheus, over HTTP.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Served by a process of its own, which has nothing but read-only mappings of the statistics and its socket. */
#ifndef BH_VMM_OBSERVE_METRICS_H
#define BH_VMM_OBSERVE_METRICS_H

#include <sys/types.h>

#include "vmm/base/problem.h"
#include "vmm/resources/resources.h"

/* Opens the socket: a port number on 127.0.0.1 ("0": any free one), or a path of a UNIX socket. -1: `p`. */
int metrics_listen(const char *where, struct problem *p);

/* Starts the process for the VMs `pid` of `r`; takes over `listener`. 0: it could not be started. */
pid_t metrics_start(int listener, const struct resources *r, const pid_t *pid);

#endif
