/* Buddy allocator whose whole state lies outside the memory it hands out.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * For memory that others can write: nothing is read from it, so nobody can mislead the allocator. Blocks are powers of
 * two of the smallest block. Never blocks; not thread-safe (threads are cooperative). */
#ifndef BH_BUDDY_H
#define BH_BUDDY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BH_BUDDY_ORDERS 32u
#define BH_BUDDY_UNIT   64u    /* smallest possible block, bytes: a cache line */
#define BH_BUDDY_UNITS  65536u /* units at most: the unit grows with the memory, the state does not */

struct bh_buddy {
    uint64_t base;
    uint64_t unit; /* bytes */
    uint32_t n_units;
    uint32_t units_free;                 /* now */
    uint8_t *order;                      /* per unit: order + 1 of the block allocated there, or 0 */
    uint64_t *free_map[BH_BUDDY_ORDERS]; /* bit b: block b of that order is free */
    uint32_t n_free[BH_BUDDY_ORDERS];
};

/* Bytes of state that memory of `size` bytes needs. */
size_t bh_buddy_state_size(uint64_t size);

/* Manages [base, base + size); `state`: bh_buddy_state_size(size) zeroed bytes, 8-byte aligned, the caller's. */
void bh_buddy_init(struct bh_buddy *b, uint64_t base, uint64_t size, void *state);

/* Address of at least `size` bytes, aligned to the unit (64 at least); 0: no room, or size 0. */
uint64_t bh_buddy_alloc(struct bh_buddy *b, uint64_t size);

/* False: `address` is not an allocated block of this allocator. */
bool bh_buddy_free(struct bh_buddy *b, uint64_t address);

/* Usable bytes of an allocated block; 0: not one. */
uint64_t bh_buddy_size(const struct bh_buddy *b, uint64_t address);

#endif
