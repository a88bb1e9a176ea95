/* Lays a VM's regions out in guest-physical space and maps them into this process.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/kvm/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "vmm/kvm/paging.h"

/* The order in guest-physical space. Regions that become read-only lie together, so that one call of mprotect(2) is
 * enough. */
static int place_of(const struct region *r)
{
    if (r->backing == BACK_ZERO)
        return r->perms & PERM_W ? 1 : 0;
    return r->backing == BACK_HUGE ? 3 : 2;
}

/* Large blocks have the same offset in a 2 MiB page physically as virtually, so that the guest's page tables can use
 * huge pages. */
static uint64_t align_like(uint64_t gpa, const struct region *r)
{
    if (r->count != 1 || r->size < HUGE_PAGE)
        return gpa;
    return gpa + ((r->va - gpa) & (HUGE_PAGE - 1));
}

static bool lay_out(struct guest_memory *m, struct problem *p)
{
    uint64_t gpa = m->tables_size;
    m->read_only = gpa;
    for (int place = 0; place < 4; place++) {
        for (uint32_t i = 0; i < m->n; i++) {
            struct region *r = &m->list[i];
            if (place_of(r) != place)
                continue;
            r->gpa = align_like(gpa, r);
            if (r->size > GPA_LIMIT / r->count || r->gpa + r->size * r->count > GPA_LIMIT)
                return problem_set(p, EXIT_USAGE, "a VM's memory exceeds 512 GiB");
            gpa = r->gpa + r->size * r->count;
        }
        if (place == 0)
            m->read_only = gpa;
    }
    m->size = gpa;
    return true;
}

/* Reserves host addresses that are congruent to guest-physical ones modulo 2 MiB, so that the host's page tables can
 * use huge pages, too. */
static bool reserve_addresses(struct guest_memory *m, struct problem *p)
{
    uint8_t *raw =
        mmap(NULL, m->size + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (raw == MAP_FAILED) {
        return problem_set(p, EXIT_HOST, "cannot reserve %llu MiB of addresses for a VM: %s",
                           (unsigned long long)(m->size >> 20), strerror(errno));
    }
    size_t skip = -(uintptr_t)raw & (HUGE_PAGE - 1);
    if (skip)
        munmap(raw, skip);
    munmap(raw + skip + m->size, HUGE_PAGE - skip);
    m->host = raw + skip;
    madvise(m->host, m->size, MADV_NOHUGEPAGE); /* advice: a kernel without huge pages refuses it */
    return true;
}

static bool map_backing(struct guest_memory *m, const struct region *r, struct problem *p)
{
    uint8_t *at = m->host + r->gpa;
    uint64_t bytes = r->size * r->count;
    if (r->backing == BACK_HUGE) {
        madvise(at, bytes, MADV_HUGEPAGE);
        return true;
    }
    if (r->backing != BACK_ZERO) {
        int prot = PROT_READ | (r->perms & PERM_W ? PROT_WRITE : 0);
        int flags = MAP_FIXED | MAP_NORESERVE | (r->backing == BACK_FD ? MAP_SHARED : MAP_PRIVATE);
        if (mmap(at, bytes, prot, flags | (r->populate ? MAP_POPULATE : 0), r->fd, (off_t)r->offset) == MAP_FAILED) {
            return problem_set(p, EXIT_HOST, "cannot map %llu KiB of a VM's memory: %s",
                               (unsigned long long)(bytes >> 10), strerror(errno));
        }
        return true;
    }
    if (r->populate)
        madvise(at, bytes, MADV_POPULATE_WRITE); /* only saves time later */
    return true;
}

bool memory_map(struct guest_memory *m, struct problem *p)
{
    m->tables_size = paging_bound(m);
    if (!lay_out(m, p) || !reserve_addresses(m, p))
        return false;
    for (uint32_t i = 0; i < m->n; i++)
        if (!map_backing(m, &m->list[i], p))
            return false;
    return true;
}

bool memory_protect(struct guest_memory *m, struct problem *p)
{
    uint64_t bytes = m->read_only - m->tables_size;
    if (bytes && mprotect(m->host + m->tables_size, bytes, PROT_READ))
        return problem_set(p, EXIT_HOST, "cannot write-protect a VM's memory: %s", strerror(errno));
    return true;
}

void memory_release(struct guest_memory *m)
{
    if (m->host)
        munmap(m->host, m->size);
    free(m->list);
    *m = (struct guest_memory){0};
}
