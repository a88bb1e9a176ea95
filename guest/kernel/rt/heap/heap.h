/* A compartment's heap: jemalloc's core on the memory that the VM was given, and the way back of what is free.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Every compartment has an allocator of its own in its own image, so nothing here is shared with others. No function
 * blocks: threads are cooperative, and so the heap needs no lock. heap_* functions know nothing of errno or reports;
 * the C library's functions are in malloc.c. */
#ifndef BH_HEAP_H
#define BH_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpc/map.h"

/* `size` bytes (0 counts as 1), aligned to 16; NULL: not enough memory. With `zero` they are zeros. */
void *heap_alloc(size_t size, bool zero);

/* As heap_alloc(), at a multiple of `alignment`, which is a power of two. */
void *heap_alloc_aligned(size_t alignment, size_t size);

/* The block at `block`, from now on of `size` bytes and perhaps elsewhere; NULL: not enough memory, and it is as it
 * was. */
void *heap_resize(void *block, size_t size);

/* Usable bytes of an allocated block; 0: there is none at this address, it is free, or the address lies in one. */
size_t heap_block_size(const void *block);

/* False: there is no allocated block at this address, see heap_block_size(), and nothing was done. */
bool heap_free(void *block);

/* Tells the host that it may have all memory of free blocks back; later it is zeros. Returns false if there was none.
 * Asked for by the heap itself when much is free, see give_back.c. */
bool heap_give_back(void);

struct heap_usage {
    size_t allocated; /* usable bytes of all blocks */
    size_t resident;  /* bytes of memory in use, as far as the heap knows: blocks, and free ones not given back */
    size_t taken;     /* bytes of the heap ever used */
};
struct heap_usage heap_usage(void);

/* ---- Between the files of this folder ---- */

/* From the part of the heap that was never used. NULL: too little is left. */
void *heap_region_take(size_t size, size_t alignment);
size_t heap_region_taken(void);
bool heap_region_has(const void *p);

/* The first blocks of all, zeroed; NULL: too large, or there is no room left. The other functions are for addresses
 * that heap_few_has(), and as the heap_* functions of the same names. */
#define HEAP_FEW_MAX  1024u
#define HEAP_FEW_ROOM 4096u
extern uint8_t heap_few_room[HEAP_FEW_ROOM];
static inline bool heap_few_has(const void *p)
{
    return (uintptr_t)p - (uintptr_t)heap_few_room < HEAP_FEW_ROOM;
}
void *heap_few_alloc(size_t size);
size_t heap_few_size(const void *block);
void heap_few_free(void *block);

/* After a block became free. */
void heap_freed(void);

#endif
