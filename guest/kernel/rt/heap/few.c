/* The first blocks of a compartment, from a page of its image.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * jemalloc writes to 120 KiB when it starts. A compartment that allocates little, as for the arguments of a program,
 * never starts it. Free blocks are not used again. */
#include "heap.h"

#define UNIT 16u

_Alignas(UNIT) uint8_t heap_few_room[HEAP_FEW_ROOM];
static uint8_t units[HEAP_FEW_ROOM / UNIT]; /* of the allocated block that begins there, or 0 */
static uint32_t used;                       /* units */

void *heap_few_alloc(size_t size)
{
    size_t n = size ? (size + UNIT - 1) / UNIT : 1;
    if (size > HEAP_FEW_MAX || n > HEAP_FEW_ROOM / UNIT - used)
        return NULL;
    uint8_t *block = heap_few_room + used * UNIT;
    units[used] = (uint8_t)n;
    used += (uint32_t)n;
    return block;
}

size_t heap_few_size(const void *block)
{
    size_t at = (uintptr_t)block - (uintptr_t)heap_few_room;
    return at % UNIT ? 0 : units[at / UNIT] * UNIT;
}

void heap_few_free(void *block)
{
    units[((uintptr_t)block - (uintptr_t)heap_few_room) / UNIT] = 0;
}
