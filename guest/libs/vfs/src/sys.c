/* The services of the guest that the file system uses.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <time.h>
#include <unistd.h>

#include <bh/bulkhead.h>
#include <bh/callers.h>
#include <bh/core.h>

#include "node.h"

enum { RANDOM_PART = 256 };

int vfs_wait(const void *key, uint64_t timeout_ns)
{
    return bh_core()->sleep(key, timeout_ns);
}

void vfs_wake(const void *key)
{
    bh_core()->wakeup(key, UINT32_MAX);
}

int vfs_random(void *to, size_t size)
{
    for (size_t at = 0, part; at < size; at += part) {
        part = size - at < RANDOM_PART ? size - at : RANDOM_PART;
        if (getentropy((char *)to + at, part) != 0)
            return -EIO;
    }
    return 0;
}

int64_t vfs_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static const struct bh_boot_compartment *own_compartment(void)
{
    const struct bh_boot_compartment *c = (const void *)((const char *)bh_boot() + bh_boot()->compartments_off);
    while (c->index != bh_gates.compartment)
        c++;
    return c;
}

/* How many compartments may attach: each that has an edge to here, and this one if the application is in it. */
static uint32_t count_clients(void)
{
    const struct bh_bootinfo *boot = bh_boot();
    const struct bh_boot_edge *edge = (const void *)((const char *)boot + boot->edges_off);
    uint32_t n = own_compartment()->flags & BH_COMPARTMENT_DEFAULT ? 1 : 0;
    for (uint32_t i = 0; i < boot->n_edges; i++)
        n += edge[i].to == bh_gates.compartment;
    return n;
}

uint32_t vfs_alone(void)
{
    static bool known;
    static uint32_t alone;
    if (!known && count_clients() == 1)
        alone = VFS_ALONE | (bh_boot()->n_mounts ? 0 : VFS_TREE_ALONE);
    known = true;
    return alone;
}

uint32_t vfs_clients(bool *inside)
{
    return bh_callers_count(bh_gates.compartment, inside);
}

bool vfs_shares_heap(void)
{
    return own_compartment()->flags & BH_COMPARTMENT_DEFAULT;
}

uint64_t vfs_memory(void)
{
    return own_compartment()->heap_size;
}
