/* The memory of a compartment's heap, taken from its beginning on.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <unistd.h>

#include "../runtime.h"
#include "heap.h"

static uint64_t first, next, end;

static void find_region(void)
{
    const struct bh_boot_compartment *self = bh_self();
    first = next = self->heap_va;
    end = first + self->heap_size;
}

void *heap_region_take(size_t size, size_t alignment)
{
    if (!end)
        find_region();
    uint64_t skip = -next & (alignment - 1);
    if (skip > end - next || size > end - next - skip)
        return NULL;
    void *at = (void *)(next + skip);
    next += skip + size;
    return at;
}

size_t heap_region_taken(void)
{
    return next - first;
}

bool heap_region_has(const void *p)
{
    return (uint64_t)p >= first && (uint64_t)p < next;
}

/* The C library's allocator would call it, a program may: there is no break to move. */
void *sbrk(ptrdiff_t increment)
{
    if (!end)
        find_region();
    if (!increment)
        return (void *)next;
    errno = ENOMEM;
    return (void *)-1;
}
