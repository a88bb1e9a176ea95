/* One of the libraries hop01 to hop15: number HOP, called SELF, which calls NEXT (the last one: nobody).
 * SPDX-License-Identifier: BSD-3-Clause */
#include "hop.h"

uint64_t SELF(uint64_t value, unsigned more)
{
    value = value * 31 + HOP;
#ifdef NEXT
    if (more)
        return NEXT(value, more - 1);
#endif
    (void)more;
    return value;
}
