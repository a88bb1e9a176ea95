/* What guest/apps/gzip needs of Bulkhead, for running it as an ordinary program: see test_gzip.py.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include <bh/bulkhead.h>

void *bh_malloc_shared(size_t size)
{
    return malloc(size);
}

void bh_free_shared(void *block)
{
    free(block);
}
