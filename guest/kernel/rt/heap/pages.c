/* jemalloc's pages (its pages.h) on a compartment's heap: memory that is there from the start and always zeroed.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <jemalloc/internal/jemalloc_preamble.h>

#include <jemalloc/internal/jemalloc_internal_includes.h>
#include <jemalloc/internal/pages.h>

#include "heap.h"

const char *thp_mode_names[] = {"default", "always", "never", "not supported"};
thp_mode_t opt_thp = THP_MODE_DEFAULT;
thp_mode_t init_system_thp_mode = thp_mode_not_supported;

void *pages_map(void *addr, size_t size, size_t alignment, bool *commit)
{
    if (addr)
        return NULL; /* what lies behind a block is asked for by address; the heap only grows at its end */
    *commit = true;
    return heap_region_take(size, alignment);
}

/* Memory is kept (opt.retain), so these are never asked. */
void pages_unmap(void *addr, size_t size)
{
}
bool pages_commit(void *addr, size_t size)
{
    return true;
}
bool pages_decommit(void *addr, size_t size)
{
    return true;
}

/* In batches instead: give_back.c. */
bool pages_purge_lazy(void *addr, size_t size)
{
    return true;
}
bool pages_purge_forced(void *addr, size_t size)
{
    return true;
}

bool pages_huge(void *addr, size_t size)
{
    return true;
}
bool pages_nohuge(void *addr, size_t size)
{
    return true;
}
void pages_set_thp_state(void *addr, size_t size)
{
}
void pages_mark_guards(void *head, void *tail)
{
}
void pages_unmark_guards(void *head, void *tail)
{
}
bool pages_boot(void)
{
    return false;
}
