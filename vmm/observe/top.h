/* `bulkhead top`: what running appliances do, live, once, or as JSON.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_OBSERVE_TOP_H
#define BH_VMM_OBSERVE_TOP_H

#include <stdio.h>

#include "vmm/observe/observe.h"

struct top_options {
    const char *which; /* as rundir_choose(); NULL: all that run */
    bool once, json;
    uint64_t interval_ms;
};

/* Returns the exit status. Blocks until the user ends it, or (once) for one interval. */
int top(const struct top_options *o);

/* What happened between two samples of one appliance, as text of at most `width` columns. */
void top_print(FILE *out, const struct observed *o, const struct sample *before, const struct sample *now,
               unsigned width);
/* One sample as an object of `j`. */
struct json;
void top_json(struct json *j, const struct observed *o, const struct sample *s);

#endif
