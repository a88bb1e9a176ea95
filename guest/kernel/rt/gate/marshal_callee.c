/* Callee's side of a call: every address checked against what both ends have, everything small copied first.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include <bh/marshal.h>

struct bh_private {
    struct bh_private *next;
    void *back; /* shared memory that the copy is written to at the end, or NULL */
    size_t size;
    _Alignas(16) unsigned char data[];
};

static void *fail_visit(struct bh_visit *visit, enum bh_status status)
{
    if (visit->status == BH_OK)
        visit->status = status;
    return NULL;
}

void bh_visit_begin(struct bh_visit *visit, const struct bh_incoming *call, enum bh_arena which)
{
    *visit = (struct bh_visit){.which = which, .call = call, .edge = bh_edge_of(call->edge)};
    if (!visit->edge)
        visit->status = BH_REFUSED;
}

/* Bytes at `address` that both ends have. */
static size_t room_at(const struct bh_visit *visit, uint64_t address)
{
    uint32_t arenas = 1u << BH_ARENA_CALLS;
    if (visit->which == BH_ARENA_CALLBACKS)
        arenas |= 1u << BH_ARENA_CALLBACKS;
    return bh_edge_room(visit->edge, arenas, address);
}

/* The arena's blocks of one call are neighbours, so one range is enough. */
static void remember_small(struct bh_visit *visit, const char *data, size_t size)
{
    if (!visit->small_size && size <= BH_PUSH_MAX) {
        visit->small = data;
        visit->small_size = size;
    } else if (data >= visit->small && size <= BH_PUSH_MAX && (size_t)(data - visit->small) <= BH_PUSH_MAX - size) {
        visit->small_size = (size_t)(data - visit->small) + size;
    }
}

void *bh_visit_buffer(struct bh_visit *visit, uint64_t address, size_t size, size_t align)
{
    if (visit->status != BH_OK || address == 0)
        return NULL;
    size_t room = room_at(visit, address);
    if (room == 0 || size > room || address % align != 0)
        return fail_visit(visit, BH_BAD_ARGUMENT);
    remember_small(visit, (const char *)(uintptr_t)address, size);
    return (void *)(uintptr_t)address;
}

void *bh_visit_frame(struct bh_visit *visit, uint64_t address, size_t size, void *in, size_t in_size)
{
    void *frame = bh_visit_buffer(visit, address, size, sizeof(uint64_t));
    if (!frame) {
        memset(in, 0, in_size);
        return fail_visit(visit, BH_BAD_ARGUMENT);
    }
    bh_copy_in(in, frame, in_size);
    return frame;
}

static struct bh_private *new_private(struct bh_visit *visit, size_t size)
{
    struct bh_private *p = size <= SIZE_MAX - sizeof(*p) ? malloc(sizeof(*p) + size) : NULL;
    if (!p)
        return fail_visit(visit, BH_NO_MEMORY);
    p->next = visit->privates;
    p->back = NULL;
    p->size = size;
    visit->privates = p;
    return p;
}

void *bh_visit_snapshot(struct bh_visit *visit, uint64_t address, size_t size, size_t align, bool back)
{
    void *shared = bh_visit_buffer(visit, address, size, align);
    struct bh_private *p = shared ? new_private(visit, size) : NULL;
    if (!p)
        return NULL;
    bh_copy_in(p->data, shared, size);
    p->back = back ? shared : NULL;
    return p->data;
}

/* Continues a string of which `have` bytes, none of them the NUL, are in `small`, in memory of its own. */
static char *long_string(struct bh_visit *visit, const char *shared, size_t limit, const char *small, size_t have)
{
    struct bh_private *p = NULL;
    for (size_t size = have; size < limit;) {
        size_t larger = bh_smaller(4 * (size + 16), limit);
        struct bh_private *q = new_private(visit, larger);
        if (!q)
            return NULL;
        memcpy(q->data, p ? (const char *)p->data : small, have);
        p = q;
        size = larger;
        for (; have < size; have++) {
            p->data[have] = (unsigned char)bh_fetch(shared[have]);
            if (p->data[have] == '\0')
                return (char *)p->data;
        }
    }
    return fail_visit(visit, BH_BAD_ARGUMENT);
}

char *bh_visit_string(struct bh_visit *visit, uint64_t address, char *small, size_t small_size)
{
    if (visit->status != BH_OK || address == 0)
        return NULL;
    const char *shared = (const char *)(uintptr_t)address;
    size_t limit = bh_smaller(room_at(visit, address), BH_STRING_IN_MAX);
    size_t have = 0;
    for (; have < limit && have < small_size; have++) {
        small[have] = bh_fetch(shared[have]);
        if (small[have] == '\0')
            return small;
    }
    return long_string(visit, shared, limit, small, have);
}

static void hold_handle(struct bh_visit *visit, struct bh_held *held)
{
    held->next = visit->held;
    visit->held = held;
}

void *bh_visit_handle(struct bh_visit *visit, struct bh_held *held, const struct bh_handle_type *type, uint64_t number,
                      bool exclusive)
{
    *held = (struct bh_held){.type = type};
    if (visit->status != BH_OK || number == 0)
        return NULL;
    held->object = bh_handle_pin(visit->call->edge, type, number, exclusive);
    if (!held->object)
        return fail_visit(visit, bh_handle_is_used(visit->call->edge, type, number) ? BH_HANDLE_BUSY : BH_BAD_HANDLE);
    held->number = number;
    hold_handle(visit, held);
    return held->object;
}

void *bh_visit_reserve(struct bh_visit *visit, struct bh_held *held, const struct bh_handle_type *type)
{
    *held = (struct bh_held){.type = type, .made = true};
    if (visit->status != BH_OK)
        return NULL;
    if (type->twin_size) {
        held->object = calloc(1, type->twin_size);
        if (!held->object)
            return fail_visit(visit, BH_NO_MEMORY);
    }
    held->number = bh_handle_reserve(visit->call->edge, type);
    if (!held->number) {
        free(held->object);
        held->object = NULL;
        return fail_visit(visit, bh_handles_full(visit->call->edge) ? BH_NO_HANDLE : BH_NO_MEMORY);
    }
    hold_handle(visit, held);
    return held->object;
}

uint64_t bh_visit_keep(struct bh_held *held, void *object)
{
    if (!object)
        return 0;
    held->object = object;
    held->made = false;
    return held->number;
}

/* The name of the call in callbacks. For a light gate that is its address in the caller's window. */
static uint32_t name_of(const struct bh_visit *visit)
{
    bool light = visit->edge->flags & BH_EDGE_LIGHT;
    return light ? (uint32_t)(uintptr_t)visit->call : visit->call->slot;
}

/* The thunks of this edge, which nobody else takes from it; NULL: more edges call than the composer knew of. */
static struct bh_thunk *own_thunks(uint32_t edge, struct bh_thunk *pool, uint32_t *owners, uint32_t callers)
{
    for (uint32_t i = 0; i < callers; i++) {
        if (!owners[i])
            owners[i] = edge + 1;
        if (owners[i] == edge + 1)
            return pool + (size_t)i * BH_THUNKS;
    }
    return NULL;
}

int bh_visit_thunk(struct bh_visit *visit, struct bh_thunk *pool, uint32_t *owners, uint32_t callers, uint64_t word)
{
    if (visit->status != BH_OK || word == 0)
        return -1;
    if (word > UINT16_MAX) {
        fail_visit(visit, BH_BAD_ARGUMENT);
        return -1;
    }
    struct bh_thunk *own = own_thunks(visit->call->edge, pool, owners, callers);
    for (unsigned i = 0; own && i < BH_THUNKS; i++) {
        if (own[i].busy)
            continue;
        own[i] = (struct bh_thunk){.next = visit->thunks,
                                   .busy = true,
                                   .number = (uint16_t)(word - 1),
                                   .edge = visit->call->edge,
                                   .parent = name_of(visit)};
        visit->thunks = &own[i];
        return (int)(&own[i] - pool);
    }
    fail_visit(visit, BH_NO_MEMORY);
    return -1;
}

uint64_t bh_visit_text(char *shared, const char *string)
{
    if (!string)
        return 0;
    size_t length = strnlen(string, BH_STRING_MAX);
    bool cut = length == BH_STRING_MAX;
    memcpy(shared, string, cut ? BH_STRING_MAX - 4 : length + 1);
    if (cut)
        memcpy(shared + BH_STRING_MAX - 4, "...", 4);
    return 1;
}

static void release_handle(const struct bh_visit *visit, struct bh_held *held)
{
    uint32_t edge = visit->call->edge;
    if (!held->made && !held->drop) {
        bh_handle_publish(edge, held->number, held->object);
        bh_handle_unpin(edge, held->number);
        return;
    }
    bh_handle_forget(edge, held->number);
    if (held->type->twin_size)
        free(held->object);
}

enum bh_status bh_visit_end(struct bh_visit *visit)
{
    for (struct bh_private *p = visit->privates, *next; p; p = next) {
        next = p->next;
        if (p->back && visit->status == BH_OK)
            memcpy(p->back, p->data, p->size);
        free(p);
    }
    for (struct bh_held *held = visit->held; held; held = held->next)
        release_handle(visit, held);
    for (struct bh_thunk *thunk = visit->thunks; thunk; thunk = thunk->next)
        thunk->busy = false;
    if (visit->small_size)
        bh_push(visit->small, visit->small_size);
    return visit->status;
}
