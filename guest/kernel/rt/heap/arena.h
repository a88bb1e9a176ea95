/* The one arena of a compartment's heap.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_HEAP_ARENA_H
#define BH_HEAP_ARENA_H

#include <jemalloc/internal/jemalloc_preamble.h>

#include <jemalloc/internal/jemalloc_internal_includes.h>

#include "heap.h"

extern tsdn_t *heap_tsdn; /* NULL: nothing was allocated yet */
extern arena_t *heap_arena;

#endif
