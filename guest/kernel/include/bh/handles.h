/* Objects of a library that a caller knows by number only: one table per edge, in the callee.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A number holds an index and a generation, so that a stale one is detected; it means something on its own edge only.
 * Generations have 48 bits: an entry that is used a million times a second repeats one after nine years. An object that
 * a call uses cannot be freed by another call. Nothing here blocks, except in a library's own release function. */
#ifndef BH_HANDLES_H
#define BH_HANDLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BH_HANDLES_MAX 4096u /* per edge */

/* number = generation << BH_HANDLE_SHIFT | index; generation is never 0 */
#define BH_HANDLE_SHIFT 16
/* Can this be a number that bh_handle_reserve() gave? 0, for no handle, counts as well. */
static inline bool bh_is_handle(uint64_t number)
{
    return number == 0 || (number >> BH_HANDLE_SHIFT && (number & ((1u << BH_HANDLE_SHIFT) - 1)) < BH_HANDLES_MAX);
}

/* Generated, one per type; compared by address. */
struct bh_handle_type {
    const char *name;
    size_t twin_size;              /* bytes of the callee's private struct; 0: the object is the library's own */
    void (*release)(void *object); /* ends an object whose caller died: the library's own function; NULL: none */
};

/* A number for a new object, which nobody can use yet; 0: bh_handles_full(), or no memory. */
uint64_t bh_handle_reserve(uint32_t edge, const struct bh_handle_type *type);
bool bh_handles_full(uint32_t edge); /* the edge has BH_HANDLES_MAX handles */
/* Does bh_handle_pin() fail only because another call uses the handle? */
bool bh_handle_is_used(uint32_t edge, const struct bh_handle_type *type, uint64_t number);
/* From now on the number means `object`. */
void bh_handle_publish(uint32_t edge, uint64_t number, void *object);
/* The object, pinned until bh_handle_unpin(). NULL: there is no such handle of that type, or another call uses it and
 * one of the two wants it for itself (`exclusive`). */
void *bh_handle_pin(uint32_t edge, const struct bh_handle_type *type, uint64_t number, bool exclusive);
void bh_handle_unpin(uint32_t edge, uint64_t number);
/* Forgets a number that bh_handle_reserve() gave, whether it is pinned or not; the caller owns the object again. */
void bh_handle_forget(uint32_t edge, uint64_t number);
/* The caller at the other end of an edge (its number, as a pointer) is gone: releases everything that it was given, and
 * what a call still uses as soon as that call ends. The core runs it on a thread of its own (struct bh_image), so it
 * may block. */
void bh_handles_caller_died(void *edge);
/* Handles of an edge that are in use, for tests. */
uint32_t bh_handles_in_use(uint32_t edge);

#endif
