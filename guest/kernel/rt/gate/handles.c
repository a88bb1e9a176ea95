/* Handle tables: one per edge, grown on demand, free entries in a list.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <bh/handles.h>

#include <stdlib.h>
#include <string.h>

#include "rpc/map.h"

#define GENERATION_LAST (UINT64_MAX >> BH_HANDLE_SHIFT)
#define INDEX_MASK      ((1u << BH_HANDLE_SHIFT) - 1)
#define EXCLUSIVE       UINT16_MAX
#define FIRST_ENTRIES   16u
#define NONE            UINT32_MAX

struct entry {
    const struct bh_handle_type *type; /* NULL: free */
    void *object;                      /* NULL: reserved */
    uint64_t generation;
    uint32_t next_free;
    uint16_t pins; /* EXCLUSIVE, or how many calls use it */
};

struct table {
    struct entry *entries;
    uint32_t n, in_use, first_free, last_free;
    bool orphaned; /* the caller is gone: an entry is released as soon as no call uses it */
};

static struct table tables[BH_EDGES_MAX];

static void append_free(struct table *t, uint32_t index)
{
    t->entries[index].next_free = NONE;
    if (t->first_free == NONE)
        t->first_free = index;
    else
        t->entries[t->last_free].next_free = index;
    t->last_free = index;
}

static bool grow_table(struct table *t)
{
    uint32_t n = t->n ? 2 * t->n : FIRST_ENTRIES;
    if (t->n == BH_HANDLES_MAX)
        return false;
    struct entry *entries = realloc(t->entries, n * sizeof(*entries));
    if (!entries)
        return false;
    memset(entries + t->n, 0, (n - t->n) * sizeof(*entries));
    t->entries = entries;
    t->first_free = NONE;
    for (uint32_t i = t->n; i < n; i++)
        append_free(t, i);
    t->n = n;
    return true;
}

static void forget_entry(struct table *t, uint32_t index)
{
    t->entries[index].type = NULL;
    t->entries[index].object = NULL;
    t->in_use--;
    append_free(t, index);
}

/* The entry that a number names, whatever its state. */
static struct entry *find_entry(uint32_t edge, uint64_t number)
{
    if (edge >= BH_EDGES_MAX)
        return NULL;
    struct table *t = &tables[edge];
    uint32_t index = (uint32_t)(number & INDEX_MASK);
    if (index >= t->n)
        return NULL;
    struct entry *e = &t->entries[index];
    return e->type && e->generation == number >> BH_HANDLE_SHIFT ? e : NULL;
}

uint64_t bh_handle_reserve(uint32_t edge, const struct bh_handle_type *type)
{
    if (edge >= BH_EDGES_MAX)
        return 0;
    struct table *t = &tables[edge];
    if (t->in_use == t->n && !grow_table(t))
        return 0;
    uint32_t index = t->first_free;
    struct entry *e = &t->entries[index];
    t->first_free = e->next_free;
    t->in_use++;
    e->generation = e->generation == GENERATION_LAST ? 1 : e->generation + 1;
    e->type = type;
    e->object = NULL;
    e->pins = EXCLUSIVE; /* until the call that makes it ends */
    return e->generation << BH_HANDLE_SHIFT | index;
}

bool bh_handles_full(uint32_t edge)
{
    return bh_handles_in_use(edge) == BH_HANDLES_MAX;
}

bool bh_handle_is_used(uint32_t edge, const struct bh_handle_type *type, uint64_t number)
{
    const struct entry *e = find_entry(edge, number);
    return e && e->type == type && e->pins;
}

void bh_handle_publish(uint32_t edge, uint64_t number, void *object)
{
    struct entry *e = find_entry(edge, number);
    if (e)
        e->object = object;
}

void *bh_handle_pin(uint32_t edge, const struct bh_handle_type *type, uint64_t number, bool exclusive)
{
    struct entry *e = find_entry(edge, number);
    if (!e || e->type != type || !e->object)
        return NULL;
    if (exclusive ? e->pins != 0 : e->pins >= EXCLUSIVE - 1)
        return NULL;
    e->pins = exclusive ? EXCLUSIVE : (uint16_t)(e->pins + 1);
    return e->object;
}

/* The table may grow while a library's function runs, so the entry is removed first. */
static void release_entry(struct table *t, uint32_t index)
{
    const struct bh_handle_type *type = t->entries[index].type;
    void *object = t->entries[index].object;
    forget_entry(t, index);
    if (type->release && object)
        type->release(object);
    if (type->twin_size)
        free(object);
}

void bh_handle_unpin(uint32_t edge, uint64_t number)
{
    struct entry *e = find_entry(edge, number);
    if (!e)
        return;
    e->pins = e->pins == EXCLUSIVE ? 0 : (uint16_t)(e->pins - 1);
    if (!e->pins && tables[edge].orphaned)
        release_entry(&tables[edge], (uint32_t)(number & INDEX_MASK));
}

void bh_handle_forget(uint32_t edge, uint64_t number)
{
    if (find_entry(edge, number))
        forget_entry(&tables[edge], (uint32_t)(number & INDEX_MASK));
}

void bh_handles_caller_died(void *edge)
{
    if ((uintptr_t)edge >= BH_EDGES_MAX)
        return;
    struct table *t = &tables[(uintptr_t)edge];
    t->orphaned = true;
    for (uint32_t i = 0; i < t->n; i++)
        if (t->entries[i].type && !t->entries[i].pins)
            release_entry(t, i);
}

uint32_t bh_handles_in_use(uint32_t edge)
{
    return edge < BH_EDGES_MAX ? tables[edge].in_use : 0;
}
