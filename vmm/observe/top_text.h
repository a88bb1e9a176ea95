/* What an appliance did between two samples, as tables.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_OBSERVE_TOP_TEXT_H
#define BH_VMM_OBSERVE_TOP_TEXT_H

#include <stdio.h>

#include "vmm/observe/sample.h"

/* Prints it in at most `width` columns. */
void top_print(FILE *out, const struct observed *o, const struct sample *before, const struct sample *now,
               unsigned width);

#endif
