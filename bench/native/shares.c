/* A process without compartments has no shares, and is told so as a compartment that has none.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <bh/bulkhead.h>
#include <errno.h>

void *bh_malloc_shared(size_t size)
{
    (void)size;
    errno = EINVAL;
    return NULL;
}

void bh_free_shared(void *block)
{
    (void)block; /* only NULL can come: nothing was ever allocated */
}
