/* Allocation: sizes of nothing and beyond all bounds, alignments, and what a new block holds.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "same_as_native.h"

static volatile size_t huge = SIZE_MAX / 2; /* volatile: the compiler knows that it cannot be had */

/* Whether it is a block, aligned as wanted and with the room that was asked for; and the error if it is none. */
static void show_block(const char *what, void *block, size_t alignment, size_t size)
{
    if (block)
        show(what, "a block, %s, %s", (uintptr_t)block % alignment ? "not aligned" : "aligned",
             malloc_usable_size(block) >= size ? "large enough" : "too small");
    else
        show(what, "none, %s", error_name(errno));
    free(block);
    errno = 0;
}

static void show_posix_memalign(size_t alignment)
{
    void *block = NULL;
    int error = posix_memalign(&block, alignment, 100);
    set_case("posix_memalign of %zu", alignment);
    show("result", "%s, errno %s, %s", error_name(error), error_name(errno),
         block && (uintptr_t)block % alignment == 0 ? "aligned" : "none");
    free(block);
}

static void show_zeros(size_t size)
{
    char *block = malloc(size);
    memset(block, 0x55, size);
    free(block);
    block = calloc(size / 2, 2);
    size_t others = 0;
    for (size_t i = 0; i < size; i++)
        others += block[i] != 0;
    set_case("calloc of %zu after free", size);
    show("contents", "%zu bytes not zero", others);
    free(block);
}

static void show_contents(size_t from, size_t to)
{
    char *block = malloc(from);
    for (size_t i = 0; i < from; i++)
        block[i] = (char)i;
    block = realloc(block, to);
    size_t same = 0;
    while (same < from && same < to && block[same] == (char)same)
        same++;
    set_case("realloc from %zu to %zu", from, to);
    show("contents", "%zu bytes the same", same);
    free(block);
}

void show_heap(void)
{
    errno = 0;
    show_block("malloc of 0", malloc(0), 16, 0);
    show_block("malloc of 1", malloc(1), 16, 1);
    show_block("malloc of 8", malloc(8), 16, 8);
    show_block("malloc of 5000", malloc(5000), 16, 5000);
    show_block("malloc of 3000000", malloc(3000000), 16, 3000000);
    show_block("malloc of half of all", malloc(huge + 1), 16, 0);
    show_block("calloc of nothing", calloc(0, 8), 16, 0);
    show_block("calloc that overflows", calloc(huge, 4), 16, 0);
    show_block("reallocarray that overflows", reallocarray(NULL, huge, 4), 16, 0);
    show_block("realloc of NULL to 0", realloc(NULL, 0), 16, 0);
    show_block("realloc to 0", realloc(malloc(100), 0), 16, 0);
    show_block("memalign of 3", memalign(3, 10), 4, 10);
    show_block("memalign of 32768", memalign(32768, 10), 32768, 10);
    show_block("aligned_alloc of 4096", aligned_alloc(4096, 8192), 4096, 8192);
    show_block("aligned_alloc of 64, odd size", aligned_alloc(64, 65), 64, 65);
    show_block("valloc", valloc(1), 4096, 1);
    show_block("pvalloc", pvalloc(1), 4096, 4096);
    set_case("%s", "");
    show("malloc_usable_size of NULL", "%zu", malloc_usable_size(NULL));
    for (size_t alignment = 0; alignment <= 32; alignment += 4)
        show_posix_memalign(alignment);
    show_posix_memalign(65536);
    show_zeros(100);
    show_zeros(20000);
    show_zeros(2000000);
    show_contents(100, 50);
    show_contents(100, 100000);
    show_contents(100000, 3000000);
    show_contents(3000000, 200);
}
