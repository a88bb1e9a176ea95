/* Protection keys as the core sees them: the way into a compartment, and what a compartment may use.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The core runs with PKRU 0 on stacks of its own. It can touch everything, so it must not become a compartment's
 * confused deputy: keys_allow() says what the compartment may touch itself. */
#include <string.h>

#include "core.h"
#include "keys.h"

const struct bh_mpk *keys;

typedef uint64_t down_fn(uint64_t entry, uint64_t a0, uint64_t a1, uint64_t sp);

static struct bh_control *control_of(uint32_t thread, uint32_t compartment)
{
    return (struct bh_control *)BH_TLS_SEGMENT(thread, compartment);
}

static struct bh_tcb *current_tcb(void)
{
    return (struct bh_tcb *)(BH_TLS_TP(current->id) + BH_TCB_OFF);
}

void keys_init(void)
{
    keys = boot()->flags & BH_BOOT_KEYS ? (const struct bh_mpk *)BH_MPK_CORE_VA : NULL;
}

void keys_thread_init(uint32_t id)
{
    const struct bh_boot_compartment *c = boot_compartments();
    struct bh_tcb *t = (struct bh_tcb *)(BH_TLS_TP(id) + BH_TCB_OFF);
    *t = (struct bh_tcb){.mxcsr = 0x1f80, .fcw = 0x37f};
    for (uint32_t i = 0; i < boot()->n_compartments; i++, c++) {
        uint64_t top = BH_STACK(c->index, id, c->stack_size) + c->stack_size - 32;
        *(struct bh_frame *)top = (struct bh_frame){.id = BH_FRAME_NONE};
        *control_of(id, c->index) = (struct bh_control){.sp = top};
    }
}

static bool on_stack(uint64_t sp, const struct bh_boot_compartment *c)
{
    uint64_t low = BH_STACK(c->index, current->id, c->stack_size);
    return sp >= low && sp - low < c->stack_size;
}

/* The compartment on whose stack of this thread `sp` lies: `compartment`, or one whose guest it is; else NULL. */
static const struct bh_boot_compartment *host_of(uint32_t compartment, uint64_t sp)
{
    const struct bh_boot_compartment *c = boot_compartments();
    for (uint32_t i = 0; i < boot()->n_compartments; i++, c++)
        if ((c->index == compartment || keys->compartments[c->index].guests >> compartment & 1) && on_stack(sp, c))
            return c;
    return NULL;
}

/* Where a call into a compartment begins: below what the compartment left on this thread's stack, and below what others
 * that use the same stack (light gates) left there. It is the compartment's own memory that says where, so the address
 * is checked. */
static uint64_t stack_for(uint32_t compartment)
{
    uint64_t sp = control_of(current->id, compartment)->sp;
    const struct bh_boot_compartment *host = host_of(compartment, sp);
    if (host) {
        for (uint64_t left = keys->compartments[host->index].guests | 1ull << host->index; left; left &= left - 1) {
            uint64_t other = control_of(current->id, (uint32_t)__builtin_ctzll(left))->sp;
            if (on_stack(other, host) && other < sp)
                sp = other;
        }
        sp &= ~15ull;
    }
    if (!host || sp < BH_STACK(host->index, current->id, host->stack_size) + BH_PAGE_SIZE)
        core_panic("a compartment has no stack left to be called on");
    return sp;
}

uint64_t keys_enter(uint32_t compartment, uint64_t entry, uint64_t a0, uint64_t a1, struct bh_incoming *in)
{
    uint64_t sp = stack_for(compartment);
    struct bh_incoming *copy = NULL;
    if (in) {
        copy = (struct bh_incoming *)(sp -= sizeof(*in));
        *copy = *in;
        a0 = sp;
    }
    uint64_t result = ((down_fn *)keys->compartments[compartment].down)(entry, a0, a1, sp);
    if (in) {
        in->ret = copy->ret;
        memcpy(in->words, copy->words, sizeof(in->words));
    }
    return result;
}

uint32_t keys_caller(void)
{
    return current_tcb()->caller;
}

static uint64_t domain_of(uint32_t compartment)
{
    uint64_t mask = 0;
    for (uint32_t i = 0; i < BH_COMPARTMENTS_MAX; i++)
        if (keys->compartments[i].down && keys->compartments[i].domain == keys->compartments[compartment].domain)
            mask |= 1ull << i;
    return mask;
}

bool keys_same_domain(uint32_t a, uint32_t b)
{
    return b < BH_COMPARTMENTS_MAX && keys->compartments[b].down &&
           keys->compartments[a].domain == keys->compartments[b].domain;
}

static const struct bh_boot_share *share_of(uint32_t index)
{
    const struct bh_boot_share *s = (const void *)((const char *)boot() + boot()->shares_off);
    for (uint32_t i = 0; i < boot()->n_shares; i++, s++)
        if (s->index == index)
            return s;
    return NULL;
}

static bool lies_inside(uint64_t at, uint64_t size, uint64_t low, uint64_t bytes)
{
    return at >= low && at - low <= bytes && size <= bytes - (at - low);
}

/* Whether the compartments in `mask` share this memory: shares, arenas, and the shared statics and shadow stacks of
 * other compartments, which are in the edges' lists of ranges. */
static bool in_shared(uint64_t mask, uint64_t at, uint64_t size)
{
    if (at >= BH_SHARE_BASE(0) && at < BH_EDGE_BASE(0)) {
        const struct bh_boot_share *s = share_of((uint32_t)((at - BH_SHARE_BASE(0)) / BH_SHARE_STRIDE));
        return s && (s->member_mask & mask) && lies_inside(at, size, s->va, s->size);
    }
    const struct bh_boot_edge *e = boot_edges();
    for (uint32_t i = 0; i < boot()->n_edges; i++, e++) {
        if (!(mask & (1ull << e->from | 1ull << e->to)))
            continue;
        uint64_t base = BH_EDGE_BASE(e->index);
        if (lies_inside(at, size, base + BH_EDGE_ARENA_OFF, e->arena_size) ||
            lies_inside(at, size, base + BH_EDGE_CB_ARENA_OFF, BH_EDGE_CB_ARENA_SIZE))
            return true;
        for (uint32_t r = 0; r < e->n_ranges && r < BH_RANGES_MAX; r++)
            if (lies_inside(at, size, e->ranges[r].va, e->ranges[r].size))
                return true;
    }
    return false;
}

bool keys_allow(uint32_t caller, uint64_t at, uint64_t size)
{
    uint64_t mask = domain_of(caller);
    for (uint64_t left = mask; left; left &= left - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(left);
        if (lies_inside(at, size, BH_COMPARTMENT_BASE(i) + BH_IMAGE_OFF, BH_WINDOW_SIZE - BH_IMAGE_OFF) ||
            lies_inside(at, size, BH_TLS_SEGMENT(current->id, i), BH_TLS_SLOT))
            return true;
        /* A guest of light gates has its locals on its caller's stack. */
        for (uint32_t host = 0; host < BH_COMPARTMENTS_MAX; host++)
            if ((keys->compartments[host].guests & mask) &&
                (lies_inside(at, size, BH_COMPARTMENT_BASE(host) + BH_STACKS_OFF, BH_STACKS_MAX) ||
                 lies_inside(at, size, BH_COMPARTMENT_BASE(host) + BH_STACKS_OFF + BH_SHADOW_DELTA, BH_STACKS_MAX)))
                return true;
    }
    return in_shared(mask, at, size);
}

/* A light gate leaves no frame; the call's name is its address on a stack that both ends use. */
static const struct bh_outgoing *light_call(uint32_t compartment, uint32_t name)
{
    uint64_t at = BH_COMPARTMENT_BASE(compartment) + name, size = sizeof(struct bh_outgoing);
    const struct bh_boot_compartment *c = boot_compartment(compartment);
    bool good = c && at % 8 == 0 && on_stack(at, c) && on_stack(at + size - 1, c);
    return good ? (const struct bh_outgoing *)at : NULL;
}

const struct bh_outgoing *keys_call_in_flight(const struct bh_boot_edge *edge, uint32_t name)
{
    uint32_t compartment = edge->from;
    if (edge->flags & BH_EDGE_LIGHT)
        return light_call(compartment, name);
    uint64_t at = control_of(current->id, compartment)->sp;
    for (int depth = 0; depth < 1024; depth++) {
        if (at % 8 || !keys_allow(compartment, at, sizeof(struct bh_frame)))
            return NULL;
        struct bh_frame frame = *(const volatile struct bh_frame *)at;
        if (frame.id == BH_FRAME_NONE)
            return NULL;
        if (frame.id == BH_FRAME_EDGE(edge->index) && (uint16_t)frame.call == (uint16_t)name)
            return (const struct bh_outgoing *)frame.call;
        at = frame.previous;
    }
    return NULL;
}
