/* A sample of an appliance as JSON: totals since its start.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_OBSERVE_TOP_JSON_H
#define BH_VMM_OBSERVE_TOP_JSON_H

#include "vmm/base/json.h"
#include "vmm/observe/sample.h"

/* Adds it to `j` as an object. */
void top_json(struct json *j, const struct observed *o, const struct sample *s);

#endif
