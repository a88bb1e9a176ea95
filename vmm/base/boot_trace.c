/* Keeps the time stamps of a start and prints them.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/base/boot_trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct stamp {
    uint64_t time_ns;
    char name[32];
};

static struct stamp stamps[BOOT_TRACE_MAX];
static size_t n_stamps;

void boot_trace_add(const char *name, uint64_t time_ns)
{
    if (n_stamps < BOOT_TRACE_MAX) {
        struct stamp *s = &stamps[n_stamps++];
        s->time_ns = time_ns;
        snprintf(s->name, sizeof(s->name), "%s", name);
    }
}

static int by_time(const void *a, const void *b)
{
    uint64_t x = ((const struct stamp *)a)->time_ns, y = ((const struct stamp *)b)->time_ns;
    return (x > y) - (x < y);
}

void boot_trace_print(uint64_t start_ns)
{
    const char *given = getenv("BULKHEAD_START_NS");
    if (given && *given)
        start_ns = strtoull(given, NULL, 10);
    qsort(stamps, n_stamps, sizeof(*stamps), by_time);
    for (size_t i = 0; i < n_stamps; i++) {
        int64_t us = (int64_t)(stamps[i].time_ns - start_ns) / 1000;
        fprintf(stderr, "mark %s %" PRId64 "\n", stamps[i].name, us);
    }
}
