/* Plans the regions of a VM, and converts guest addresses into host pointers.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/kvm/regions.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define VA_LIMIT 0x800000000000ull /* lower half: canonical, and nothing of ours lies above */

static bool is_malformed(const struct region *r)
{
    if ((r->va | r->size | r->stride | r->offset) & (PAGE - 1))
        return true;
    if (!r->size || !r->count || r->stride < r->size || r->va >= VA_LIMIT || r->stride > VA_LIMIT / r->count ||
        r->va + r->stride * (r->count - 1) + r->size > VA_LIMIT)
        return true;
    return !(r->perms & PERM_R) || ((r->perms & PERM_W) && (r->perms & PERM_X));
}

/* Whether blocks of a and b have a byte in common. Blocks may interleave if they have the same stride, as thread-local
 * storage does. */
static bool regions_overlap(const struct region *a, const struct region *b)
{
    uint64_t a_end = a->va + a->stride * (a->count - 1) + a->size;
    uint64_t b_end = b->va + b->stride * (b->count - 1) + b->size;
    if (a_end <= b->va || b_end <= a->va)
        return false;
    if (a->stride != b->stride)
        return true;
    uint64_t delta = (b->va >= a->va ? b->va - a->va : a->va - b->va) % a->stride;
    const struct region *low = b->va >= a->va ? a : b, *high = b->va >= a->va ? b : a;
    return delta < low->size || delta + high->size > a->stride;
}

bool memory_add(struct guest_memory *m, const struct region *r, struct problem *p)
{
    if (is_malformed(r)) {
        return problem_set(p, EXIT_USAGE,
                           "cannot map guest address 0x%" PRIx64 ", %" PRIu64 " bytes, permissions %u: malformed range",
                           r->va, r->size, r->perms);
    }
    for (uint32_t i = 0; i < m->n; i++) {
        if (regions_overlap(&m->list[i], r)) {
            return problem_set(p, EXIT_USAGE, "guest addresses 0x%" PRIx64 " and 0x%" PRIx64 " overlap", m->list[i].va,
                               r->va);
        }
    }
    if (m->n == m->capacity) {
        uint32_t capacity = m->capacity ? 2 * m->capacity : 64;
        struct region *list = realloc(m->list, capacity * sizeof(*list));
        if (!list)
            return problem_set(p, EXIT_HOST, "out of memory");
        m->list = list;
        m->capacity = capacity;
    }
    m->list[m->n++] = *r;
    return true;
}

void *memory_at(const struct guest_memory *m, struct guest_va at, uint64_t len, uint32_t perms, uint64_t *avail)
{
    for (uint32_t i = 0; i < m->n; i++) {
        const struct region *r = &m->list[i];
        if (at.va < r->va)
            continue;
        uint64_t block = (at.va - r->va) / r->stride;
        uint64_t inside = (at.va - r->va) % r->stride;
        if (block >= r->count || inside >= r->size)
            continue;
        if ((r->perms & perms) != perms)
            return NULL; /* regions never overlap: no other can hold it */
        uint64_t left = r->size - inside;
        *avail = len < left ? len : left;
        return m->host + r->gpa + block * r->size + inside;
    }
    return NULL;
}

bool memory_read(const struct guest_memory *m, void *to, struct guest_va from, uint64_t len, uint32_t perms)
{
    uint8_t *out = to;
    while (len) {
        uint64_t chunk;
        const void *host = memory_at(m, from, len, perms, &chunk);
        if (!host)
            return false;
        memcpy(out, host, chunk);
        out += chunk;
        from.va += chunk;
        len -= chunk;
    }
    return true;
}

bool memory_fill(const struct guest_memory *m, struct guest_va to, const void *from, uint64_t len)
{
    const uint8_t *in = from;
    while (len) {
        uint64_t chunk;
        void *host = memory_at(m, to, len, PERM_R, &chunk);
        if (!host)
            return false;
        memcpy(host, in, chunk);
        in += chunk;
        to.va += chunk;
        len -= chunk;
    }
    return true;
}
