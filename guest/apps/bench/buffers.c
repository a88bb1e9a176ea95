/* Calls with a buffer of N bytes, in private memory (copied through the edge's arena) or in a share (passed).
 * SPDX-License-Identifier: BSD-3-Clause
 *
 *     in-N out-N inout-N          private; the library reads, writes, or changes all of it
 *     sin-N sout-N sinout-N       the same in a share: the same work, no copies
 *     spass-N                     in a share, and the library only looks at the pointer */
#include <stdlib.h>
#include <string.h>

#include <bh/bulkhead.h>

#include "bench.h"
#include "benchlib.h"

enum { LARGEST = 1 << 20 };

static int measure_in(struct bench_samples *s, const char *kind, uint64_t *buffer, size_t size)
{
    if (strcmp(kind, "in") == 0)
        BENCH(s, bench_read(buffer, size));
    else if (strcmp(kind, "out") == 0)
        BENCH(s, bench_write(buffer, size));
    else if (strcmp(kind, "inout") == 0)
        BENCH(s, bench_touch(buffer, size));
    else if (strcmp(kind, "pass") == 0)
        BENCH(s, bench_pass(buffer, size));
    else
        return 0;
    return 1;
}

int measure_buffers(struct bench_samples *s)
{
    static const char *const kinds[] = {"in", "out", "inout", "sin", "sout", "sinout", "spass"};
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        long size = bench_number(s, kinds[i]);
        if (size <= 0 || size > LARGEST)
            continue;
        int shared = kinds[i][0] == 's';
        uint64_t *buffer = shared ? bh_malloc_shared((size_t)size) : malloc((size_t)size);
        if (!buffer)
            return 0; /* no share: not known here */
        memset(buffer, 0, (size_t)size);
        int known = measure_in(s, kinds[i] + shared, buffer, (size_t)size);
        if (shared)
            bh_free_shared(buffer);
        else
            free(buffer);
        return known;
    }
    return 0;
}
