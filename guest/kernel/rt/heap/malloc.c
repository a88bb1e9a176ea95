/* The C library's memory functions, with the results that glibc gives, and a look at what is freed.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime.h"
#include "heap.h"

/* Once: programs may live with it, but whoever sees a crash later wants to know. */
static void *heap_is_full(size_t wanted, const void *pc)
{
    static bool told;
    errno = ENOMEM;
    if (told || wanted > PTRDIFF_MAX)
        return NULL;
    told = true;
    struct bh_report report = {.kind = BH_REPORT_HEAP,
                               .compartment = bh_gates.compartment,
                               .peer = BH_NO_PEER,
                               .pc = (uint64_t)pc - 1,
                               .size = wanted};
    bh_core()->report(&report);
    return NULL;
}

static void bad_block(const void *block, const char *text, const void *pc)
{
    struct bh_report report = {.kind = BH_REPORT_ASSERT,
                               .fatal = 1,
                               .compartment = bh_gates.compartment,
                               .peer = BH_NO_PEER,
                               .pc = (uint64_t)pc - 1,
                               .address = (uint64_t)block};
    strlcpy(report.text, text, sizeof(report.text));
    bh_core()->report(&report);
    __builtin_trap();
}

#define HERE __builtin_return_address(0)

void *malloc(size_t size)
{
    void *block = heap_alloc(size, false);
    return block ? block : heap_is_full(size, HERE);
}

void *calloc(size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    void *block = heap_alloc(bytes, true);
    return block ? block : heap_is_full(bytes, HERE);
}

void free(void *block)
{
    if (block && !heap_free(block))
        bad_block(block, "free() of memory that is not allocated: freed twice, or never by malloc()", HERE);
}

static void *resize_block(void *block, size_t size, const void *pc)
{
    if (!block) {
        block = heap_alloc(size, false);
    } else {
        if (!heap_block_size(block))
            bad_block(block, "realloc() of memory that is not allocated: freed, or never by malloc()", pc);
        if (!size) {
            heap_free(block);
            return NULL;
        }
        block = heap_resize(block, size);
    }
    return block ? block : heap_is_full(size, pc);
}

void *realloc(void *block, size_t size)
{
    return resize_block(block, size, HERE);
}

void *reallocarray(void *block, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return resize_block(block, bytes, HERE);
}

void *reallocf(void *block, size_t size)
{
    void *now = resize_block(block, size, HERE);
    if (!now && size)
        free(block);
    return now;
}

/* glibc takes any alignment, and uses the next power of two. */
static void *alloc_aligned(size_t alignment, size_t size, const void *pc)
{
    if (alignment > SIZE_MAX / 2 + 1) {
        errno = EINVAL;
        return NULL;
    }
    size_t power = sizeof(max_align_t);
    while (power < alignment)
        power *= 2;
    void *block = heap_alloc_aligned(power, size);
    return block ? block : heap_is_full(size, pc);
}

void *memalign(size_t alignment, size_t size)
{
    return alloc_aligned(alignment, size, HERE);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return alloc_aligned(alignment, size, HERE);
}

int posix_memalign(void **at, size_t alignment, size_t size)
{
    if (alignment % sizeof(void *) || !alignment || (alignment & (alignment - 1)))
        return EINVAL;
    int before = errno;
    void *block = alloc_aligned(alignment, size, HERE);
    errno = before;
    if (!block)
        return ENOMEM;
    *at = block;
    return 0;
}

void *valloc(size_t size)
{
    return alloc_aligned(BH_PAGE_SIZE, size, HERE);
}

void *pvalloc(size_t size)
{
    size_t whole = (size + BH_PAGE_SIZE - 1) & ~(BH_PAGE_SIZE - 1);
    return alloc_aligned(BH_PAGE_SIZE, whole < size ? size : whole, HERE);
}

size_t malloc_usable_size(void *block)
{
    return heap_block_size(block);
}

int malloc_trim(size_t keep)
{
    (void)keep;
    return heap_give_back();
}

struct mallinfo mallinfo(void)
{
    struct heap_usage u = heap_usage();
    return (struct mallinfo){.arena = u.resident, .uordblks = u.allocated, .fordblks = u.resident - u.allocated};
}

int mallopt(int option, int value)
{
    (void)option, (void)value;
    return 0; /* no such option */
}

void malloc_stats(void)
{
    struct heap_usage u = heap_usage();
    fprintf(stderr, "%zu bytes allocated, %zu resident\n", u.allocated, u.resident);
}

void cfree(void *block)
{
    free(block);
}

/* Nothing to lock: heap.h. */
void __malloc_lock(void)
{
}
void __malloc_unlock(void)
{
}
