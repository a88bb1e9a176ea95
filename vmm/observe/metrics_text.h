/* An appliance's counters in Prometheus' text exposition format 0.0.4.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_OBSERVE_METRICS_TEXT_H
#define BH_VMM_OBSERVE_METRICS_TEXT_H

#include <stdio.h>

#include "vmm/observe/sample.h"

void metrics_write(FILE *out, const struct observed *o, const struct sample *s);

#endif
