/* The part of Bulkhead's interface that gzip uses, for a process that is not in any compartment.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_NATIVE_BULKHEAD_H
#define BENCH_NATIVE_BULKHEAD_H

#include <stddef.h>

void *bh_malloc_shared(size_t size); /* NULL, errno = EINVAL: no share here */
void bh_free_shared(void *block);

#endif
