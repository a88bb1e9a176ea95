/* bh_malloc_shared(): memory in a share, from the slice that belongs to this compartment.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bh/bulkhead.h>
#include <bh/core.h>

#include "shared-mem/buddy.h"

static struct bh_buddy *heaps[BH_SHARES_MAX]; /* by share index; made at the first use */

static const struct bh_boot_share *boot_shares(void)
{
    return (const void *)((const char *)bh_boot() + bh_boot()->shares_off);
}

static bool is_member(const struct bh_boot_share *s)
{
    return s->member_mask >> bh_gates.compartment & 1;
}

static struct bh_buddy *heap_of(const struct bh_boot_share *s)
{
    if (heaps[s->index])
        return heaps[s->index];
    unsigned before = (unsigned)__builtin_popcountll(s->member_mask & ((1ull << bh_gates.compartment) - 1));
    struct bh_buddy *b = malloc(sizeof(*b));
    void *state = b ? calloc(1, bh_buddy_state_size(s->slice)) : NULL;
    if (!state) {
        free(b);
        return NULL;
    }
    bh_buddy_init(b, s->va + before * s->slice, s->slice, state);
    return heaps[s->index] = b;
}

static void *allocate_in(const struct bh_boot_share *s, size_t size)
{
    struct bh_buddy *b = heap_of(s);
    void *block = b ? (void *)bh_buddy_alloc(b, size ? size : 1) : NULL;
    if (!block)
        errno = ENOMEM;
    return block;
}

void *bh_malloc_shared(size_t size)
{
    for (uint32_t i = 0; i < bh_boot()->n_shares; i++)
        if (is_member(&boot_shares()[i]))
            return allocate_in(&boot_shares()[i], size);
    errno = EINVAL;
    return NULL;
}

void *bh_malloc_shared_in(const char *share, size_t size)
{
    for (uint32_t i = 0; i < bh_boot()->n_shares; i++)
        if (is_member(&boot_shares()[i]) && !strcmp(boot_shares()[i].name, share))
            return allocate_in(&boot_shares()[i], size);
    errno = EINVAL;
    return NULL;
}

void bh_free_shared(void *block)
{
    if (!block)
        return;
    for (uint32_t i = 0; i < BH_SHARES_MAX; i++)
        if (heaps[i] && bh_buddy_free(heaps[i], (uint64_t)block))
            return;
    bh_panic("bh_free_shared(%p): not a block that this compartment allocated", block);
}
