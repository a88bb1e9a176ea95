/* free() with a look whether the memory is allocated at all: images are linked with --wrap=free.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * picolibc's allocator (newlib/libc/stdlib/mallocr.c) keeps before each block its size, and in the size of what follows
 * a bit that says whether the block is in use. */
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime.h"

enum { PREVIOUS_IN_USE = 1, FLAGS = 7, HEADER = 2 * sizeof(size_t) };

void __real_free(void *block);
void __wrap_free(void *block);

static size_t size_field(uint64_t chunk)
{
    return ((const size_t *)chunk)[1];
}

static bool in_use(uint64_t block)
{
    uint64_t first = bh_self()->heap_va, end = (uint64_t)sbrk(0);
    if (block % HEADER || block < first + HEADER || block >= end)
        return false;
    uint64_t chunk = block - HEADER, size = size_field(chunk) & ~(size_t)FLAGS;
    return size >= 2 * HEADER && size <= end - chunk - HEADER && (size_field(chunk + size) & PREVIOUS_IN_USE);
}

void __wrap_free(void *block)
{
    if (block && !in_use((uint64_t)block)) {
        struct bh_report report = {.kind = BH_REPORT_ASSERT,
                                   .fatal = 1,
                                   .compartment = bh_gates.compartment,
                                   .peer = BH_NO_PEER,
                                   .pc = (uint64_t)__builtin_return_address(0) - 1,
                                   .address = (uint64_t)block,
                                   .text = "free() of memory that is not allocated: freed twice, or never by malloc()"};
        bh_core()->report(&report);
        __builtin_trap();
    }
    __real_free(block);
}
