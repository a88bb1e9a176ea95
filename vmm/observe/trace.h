/* `bulkhead trace`: gate calls of a running appliance as a timeline.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The file is JSON in the trace event format, which Perfetto and chrome://tracing open: VMs are processes, threads are
 * threads, a gate call is a slice at each of its ends with an arrow between them. */
#ifndef BH_VMM_OBSERVE_TRACE_H
#define BH_VMM_OBSERVE_TRACE_H

#include <stdint.h>

struct trace_options {
    const char *which; /* as rundir_choose() */
    const char *file;
    uint64_t ms; /* how long; 0: until SIGINT */
};

/* Returns the exit status. */
int trace(const struct trace_options *o);

#endif
