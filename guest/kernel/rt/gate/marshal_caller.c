/* Caller's side of a call with pointers: zero copy where both ends have the memory, else through the arena.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "rpc/channel.h"
#include <bh/marshal.h>

const struct bh_boot_edge *bh_known_edges[BH_EDGES_MAX];

const struct bh_boot_edge *bh_find_edge(uint32_t edge)
{
    if (edge >= BH_EDGES_MAX)
        return NULL;
    const struct bh_bootinfo *boot = bh_boot();
    const struct bh_boot_edge *edges = (const struct bh_boot_edge *)((uintptr_t)boot + boot->edges_off);
    for (uint32_t i = 0; i < boot->n_edges; i++)
        if (edges[i].index == edge)
            bh_known_edges[edge] = &edges[i];
    return bh_known_edges[edge];
}

static size_t room_in(uint64_t base, uint64_t size, uint64_t address)
{
    return address >= base && address - base <= size ? size - (address - base) : 0;
}

size_t bh_edge_room(const struct bh_boot_edge *edge, uint32_t arenas, uint64_t address)
{
    uint64_t region = BH_EDGE_BASE(edge->index);
    size_t found;

    if (arenas & 1u << BH_ARENA_CALLS) {
        found = room_in(region + BH_EDGE_ARENA_OFF, edge->arena_size, address);
        if (found)
            return found;
    }
    if (arenas & 1u << BH_ARENA_CALLBACKS) {
        found = room_in(region + BH_EDGE_CB_ARENA_OFF, BH_EDGE_CB_ARENA_SIZE, address);
        if (found)
            return found;
    }
    for (uint32_t i = 0; i < edge->n_ranges && i < BH_RANGES_MAX; i++) {
        found = room_in(edge->ranges[i].va, edge->ranges[i].size, address);
        if (found)
            return found;
    }
    return 0;
}

/* An address of the edge's region that is not NULL, for arguments of no bytes. */
static uint64_t arena_base(const struct bh_passage *pass)
{
    uint64_t offset = pass->which == BH_ARENA_CALLS ? BH_EDGE_ARENA_OFF : BH_EDGE_CB_ARENA_OFF;
    return BH_EDGE_BASE(pass->call->edge) + offset;
}

static bool add_aligned(size_t *total, size_t size)
{
    size_t sum;
    if (__builtin_add_overflow(*total, size, &sum) || sum > SIZE_MAX - (BH_ALIGN - 1))
        return false;
    *total = (sum + BH_ALIGN - 1) & ~(size_t)(BH_ALIGN - 1);
    return true;
}

/* Decides about one argument; adds to `total` what has to be copied. */
static enum bh_status classify_argument(const struct bh_passage *pass, const struct bh_boot_edge *edge,
                                        struct bh_argument *a, size_t *total)
{
    /* A callback may pass on what lies in the arena of the call that it belongs to. */
    uint32_t arenas = pass->which == BH_ARENA_CALLBACKS ? 1u << BH_ARENA_CALLS : 0;

    a->sent = 0;
    a->shared = false;
    if (!a->data) {
        a->size = 0;
        return BH_OK;
    }
    if (a->how & BH_MUST_BE_NULL)
        return BH_BAD_ARGUMENT;
    if (a->size == 0) {
        a->shared = true;
        a->sent = arena_base(pass);
        return BH_OK;
    }
    a->shared = bh_edge_room(edge, arenas, bh_word_pointer(a->data)) >= a->size;
    if (a->shared) {
        a->sent = bh_word_pointer(a->data);
        return BH_OK;
    }
    /* The peer can write a struct in a share at any time: pointers from there must not reach
     * private memory. */
    if (edge->strategy == BH_DATA_STRICT || a->how & BH_KEEP || (a->parent && a->parent->shared))
        return BH_UNANNOTATED;
    if (a->how & BH_OBJECT)
        return BH_OK;
    if (a->how & BH_STRING && a->size > BH_STRING_IN_MAX)
        return BH_TOO_BIG;
    return add_aligned(total, a->size) ? BH_OK : BH_TOO_BIG;
}

/* Counts bytes for the statistics, without those in the frame. */
static void count_argument(struct bh_outgoing *call, const struct bh_argument *a)
{
    if (bh_is_copied(a))
        call->copied += (uint32_t)a->size * (((a->how & BH_IN) != 0) + ((a->how & BH_OUT) != 0));
    else if (a->shared)
        call->passed += (uint32_t)a->size;
}

static const struct bh_argument *largest_copy(const struct bh_passage *pass)
{
    const struct bh_argument *largest = NULL;
    for (uint32_t i = 0; i < pass->n_arguments; i++) {
        const struct bh_argument *a = &pass->arguments[i];
        if (bh_is_copied(a) && (!largest || a->size > largest->size))
            largest = a;
    }
    return largest;
}

static void copy_all(struct bh_passage *pass, size_t offset)
{
    for (uint32_t i = 0; i < pass->n_arguments; i++) {
        struct bh_argument *a = &pass->arguments[i];
        if (!bh_is_copied(a))
            continue;
        char *copy = (char *)pass->call->block + offset;
        if (a->how & BH_IN)
            bh_copy(copy, a->data, a->size);
        else
            memset(copy, 0, a->size);
        if (a->size <= BH_PUSH_MAX)
            bh_push(copy, a->size);
        a->sent = bh_word_pointer(copy);
        add_aligned(&offset, a->size);
    }
}

/* Takes the call's block. Waits until other calls leave room for it, no longer than the call may take: calls that timed
 * out keep their blocks until the callee replies, which may be never. */
static enum bh_status take_block(struct bh_passage *pass, const struct bh_boot_edge *edge, size_t size)
{
    const volatile struct bh_status_page *status = bh_address(BH_STATUS_VA);
    struct bh_outgoing *call = pass->call;
    uint64_t arena = pass->which == BH_ARENA_CALLS ? edge->arena_size : BH_EDGE_CB_ARENA_SIZE;

    while (size <= arena) {
        call->block = bh_core()->arena_alloc(call->edge, pass->which, size);
        if (call->block)
            return BH_OK;
        if (bh_submitted) /* those calls may have it, and only this thread gives it back */
            return BH_BUSY;
        if (call->timeout == 0)
            return BH_TIMED_OUT;
        uint64_t start = bh_core()->now();
        uint32_t epoch = status->hold_epoch;
        bh_core()->sleep(bh_address(arena_base(pass)), call->timeout);
        /* Time that a debugger holds a VM does not count. */
        if (call->timeout != BH_FOREVER && !status->held && status->hold_epoch == epoch)
            call->timeout -= bh_smaller(bh_core()->now() - start, call->timeout);
    }
    return BH_TOO_BIG;
}

enum bh_status bh_pass_begin(struct bh_passage *pass)
{
    const struct bh_boot_edge *edge = bh_edge_of(pass->call->edge);
    size_t frame = 0, total;

    if (!edge)
        return BH_NO_GATE;
    add_aligned(&frame, pass->frame_size);
    total = frame;
    for (uint32_t i = 0; i < pass->n_arguments; i++) {
        enum bh_status status = classify_argument(pass, edge, &pass->arguments[i], &total);
        if (status != BH_OK) {
            pass->culprit = &pass->arguments[i];
            return status;
        }
        count_argument(pass->call, &pass->arguments[i]);
    }
    if (total == 0)
        return BH_OK;
    enum bh_status status = take_block(pass, edge, total);
    if (status == BH_OK)
        copy_all(pass, frame);
    else if (status == BH_TOO_BIG)
        pass->culprit = largest_copy(pass);
    return status;
}

enum bh_status bh_gate_status(const struct bh_outgoing *call)
{
    const struct bh_boot_edge *edge = bh_edge_of(call->edge);
    bool keyed = edge && edge->flags & BH_EDGE_KEYED;
    return keyed ? bh_status_of_callee(call->status) : (enum bh_status)call->status;
}

void bh_pass_frame(struct bh_passage *pass, const void *in, size_t size)
{
    bh_copy(pass->call->block, in, size);
    if (size <= BH_PUSH_MAX)
        bh_push(pass->call->block, size);
    pass->call->args[0] = bh_word_pointer(pass->call->block);
}

enum bh_status bh_pass_call(struct bh_passage *pass)
{
    if (pass->which == BH_ARENA_CALLBACKS)
        return bh_core()->callback(pass->call);
    return bh_gate_call(pass->call);
}

bool bh_pass_lent(const struct bh_passage *pass, uint64_t address, size_t size, size_t align)
{
    if (!address)
        return true;
    const struct bh_boot_edge *edge = bh_edge_of(pass->call->edge);
    return edge && address % align == 0 && bh_edge_room(edge, 0, address) >= size;
}

void bh_pass_failed(struct bh_passage *pass, enum bh_status status)
{
    /* The callee may still write to the block of a call that timed out: the core frees that one. */
    if (status != BH_TIMED_OUT)
        bh_pass_end(pass);
    bh_gate_failed(pass->site, pass->call, status, pass->culprit, pass->pc);
}

void bh_pass_strayed(struct bh_passage *pass, const char *result, uint64_t value)
{
    bh_pass_end(pass);
    bh_result_strayed(pass->site, pass->call, result, value, pass->pc);
}

const char *bh_intern(const char *shared)
{
    static const char *strings[BH_STRINGS_MAX];
    static uint32_t n_strings;
    char text[BH_STRING_MAX];
    size_t length = 0;

    while (length < sizeof(text) - 1 && (text[length] = bh_fetch(shared[length])) != '\0')
        length++;
    text[length] = '\0';
    for (uint32_t i = 0; i < n_strings; i++)
        if (strcmp(strings[i], text) == 0)
            return strings[i];
    char *copy = n_strings < BH_STRINGS_MAX ? malloc(length + 1) : NULL;
    if (!copy)
        return "(text lost: too many different ones came from other compartments)";
    memcpy(copy, text, length + 1);
    strings[n_strings++] = copy;
    return copy;
}
