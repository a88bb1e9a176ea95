/* The libraries hop01 to hop15: each adds itself to a number and hands it on.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef HOP_H
#define HOP_H

#include <stdint.h>

/* clang-format off */
#define HOPS(_)                                                               \
    _(hop01) _(hop02) _(hop03) _(hop04) _(hop05) _(hop06) _(hop07) _(hop08)   \
    _(hop09) _(hop10) _(hop11) _(hop12) _(hop13) _(hop14) _(hop15)
/* clang-format on */

/* value * 31 + own number, through `more` more of them. */
#define HOP_DECLARE(name) uint64_t name(uint64_t value, unsigned more);
HOPS(HOP_DECLARE)

#endif
