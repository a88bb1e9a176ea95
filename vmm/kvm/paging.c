/* Builds a VM's page tables from its regions.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/kvm/paging.h"

#define PTE_P       (1ull << 0)
#define PTE_W       (1ull << 1)
#define PTE_U       (1ull << 2)
#define PTE_A       (1ull << 5)
#define PTE_D       (1ull << 6)
#define PTE_PS      (1ull << 7)
#define PTE_NX      (1ull << 63)
#define PTE_ADDRESS 0x000ffffffffff000ull
#define PTE_KEY     59 /* bits 62 to 59: protection key */

struct builder {
    struct guest_memory *m;
    uint64_t used; /* bytes of tables */
};

/* How many tables a range of addresses needs at one level at most, where one table covers `span` bytes. */
static uint64_t tables_for(uint64_t va, uint64_t bytes, uint64_t span)
{
    return (va + bytes - 1) / span - va / span + 1;
}

uint64_t paging_bound(const struct guest_memory *m)
{
    uint64_t tables = 1; /* the top level */
    for (uint32_t i = 0; i < m->n; i++) {
        const struct region *r = &m->list[i];
        uint64_t bytes = r->stride * (r->count - 1) + r->size;
        tables += tables_for(r->va, bytes, 1ull << 39) + tables_for(r->va, bytes, 1ull << 30);
        if (r->count == 1 && r->size >= HUGE_PAGE) {
            tables += 2; /* the rest are 2 MiB pages, because memory_map() aligns the region so */
        } else {
            uint64_t spread = tables_for(r->va, bytes, HUGE_PAGE);
            uint64_t blocks = r->count * (r->size / HUGE_PAGE + 2);
            tables += spread < blocks ? spread : blocks;
        }
    }
    return tables * PAGE;
}

/* What the leaf entries of a region hold beside the address. The accessed and dirty bits are set from the start: nobody
 * reads them, and a KVM with shadow paging does not have to trap the first write to each page then. */
static uint64_t leaf_flags(const struct region *r)
{
    return PTE_P | PTE_A | (r->perms & PERM_W ? PTE_W | PTE_D : 0) | (r->perms & PERM_U ? PTE_U : 0) |
           (r->perms & PERM_X ? 0 : PTE_NX) | (uint64_t)r->key << PTE_KEY;
}

/* The table that *entry points to, one level down. It is made if it does not exist. NULL: there is no room. */
static uint64_t *next_table(struct builder *b, uint64_t *entry, uint64_t user)
{
    if (!(*entry & PTE_P)) {
        if (b->used + PAGE > b->m->tables_size)
            return NULL;
        *entry = b->used | PTE_P | PTE_W | PTE_A;
        b->used += PAGE;
    }
    if (*entry & PTE_PS)
        return NULL;
    *entry |= user;
    return (uint64_t *)(b->m->host + (*entry & PTE_ADDRESS));
}

static bool map_block(struct builder *b, uint64_t va, uint64_t gpa, uint64_t size, uint64_t flags)
{
    while (size) {
        uint64_t *table = (uint64_t *)b->m->host;
        for (int shift = 39; table && shift > 21; shift -= 9)
            table = next_table(b, &table[(va >> shift) & 511], flags & PTE_U);
        if (!table)
            return false;
        uint64_t *entry = &table[(va >> 21) & 511];
        uint64_t step = HUGE_PAGE - (va & (HUGE_PAGE - 1));
        if (step > size)
            step = size;
        if (step == HUGE_PAGE && !(gpa & (HUGE_PAGE - 1)) && !(*entry & PTE_P)) {
            *entry = gpa | flags | PTE_PS;
        } else {
            table = next_table(b, entry, flags & PTE_U);
            if (!table)
                return false;
            for (uint64_t done = 0; done < step; done += PAGE)
                table[((va + done) >> 12) & 511] = (gpa + done) | flags;
        }
        va += step;
        gpa += step;
        size -= step;
    }
    return true;
}

bool paging_build(struct guest_memory *m, struct problem *p)
{
    struct builder b = {.m = m, .used = PAGE};
    for (uint32_t i = 0; i < m->n; i++) {
        const struct region *r = &m->list[i];
        for (uint32_t n = 0; n < r->count; n++) {
            if (!map_block(&b, r->va + n * r->stride, r->gpa + n * r->size, r->size, leaf_flags(r))) {
                return problem_set(p, EXIT_HOST, "page tables for address 0x%llx do not fit",
                                   (unsigned long long)r->va);
            }
        }
    }
    return true;
}

uint64_t paging_walk(const struct guest_memory *m, struct guest_va at, uint32_t perms)
{
    const uint64_t *table = (const uint64_t *)m->host;
    for (int shift = 39; shift >= 12; shift -= 9) {
        uint64_t entry = table[(at.va >> shift) & 511];
        if (!(entry & PTE_P) || ((perms & PERM_U) && !(entry & PTE_U)) || ((perms & PERM_W) && !(entry & PTE_W)) ||
            ((perms & PERM_X) && (entry & PTE_NX)))
            return UINT64_MAX;
        if (shift == 12 || (entry & PTE_PS)) {
            uint64_t mask = (1ull << shift) - 1;
            return (entry & PTE_ADDRESS & ~mask) | (at.va & mask);
        }
        table = (const uint64_t *)(m->host + (entry & PTE_ADDRESS));
    }
    return UINT64_MAX;
}
