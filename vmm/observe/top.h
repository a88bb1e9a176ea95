/* `bulkhead top`: what running appliances do, live, once, or as JSON.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_OBSERVE_TOP_H
#define BH_VMM_OBSERVE_TOP_H

#include <stdbool.h>
#include <stdint.h>

struct top_options {
    const char *which; /* as rundir_choose(); NULL: all that run */
    bool once, json;
    uint64_t interval_ms;
};

/* Returns the exit status. Blocks until the user ends it, or (once) for one interval. */
int top(const struct top_options *o);

#endif
