/* What the fallbacks have in common.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_FALLBACK_H
#define BH_FALLBACK_H

#include "runtime.h"

/* A gate's stub may stand for some functions of a file, while others of them are linked from here. */
#define FALLBACK __attribute__((weak))

#endif
