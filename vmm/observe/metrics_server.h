/* The HTTP server for Prometheus.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_OBSERVE_METRICS_SERVER_H
#define BH_VMM_OBSERVE_METRICS_SERVER_H

#include "vmm/observe/observe.h"

/* Answers requests that come through `listener`, a non-blocking socket. Never returns. */
void metrics_serve(int listener, const struct observed *o) __attribute__((noreturn));

#endif
