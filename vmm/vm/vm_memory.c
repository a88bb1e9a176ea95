/* Plans everything that a VM can see, and fills it.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/vm/vm_memory.h"

#include <sys/mman.h>

#include "rpc/mount.h"
#include "rpc/gate.h"
#include "vmm/fs/mount.h"
#include "vmm/mpk/gates.h"
#include "vmm/mpk/trampolines.h"
#include "vmm/resources/vm_stats.h"

#define HUGE_HEAP 0x400000ull /* heaps from this size on get huge pages */
#define RW        (PERM_R | PERM_W | PERM_U)

/* Plans one block; with fd < 0 it is private memory. */
static bool add_block(struct vm *vm, uint64_t va, uint64_t size, uint32_t perms, int fd, uint64_t at, struct problem *p)
{
    struct region r = {.va = va,
                       .size = size,
                       .stride = size,
                       .count = 1,
                       .perms = perms,
                       .backing = fd < 0 ? BACK_ZERO : BACK_FD,
                       .fd = fd,
                       .offset = at};
    return !size || memory_add(&vm->memory, &r, p);
}

/* Plans statics and shadow stacks of a compartment that runs here, or elsewhere with a share that reaches here. */
static bool add_data(struct vm *vm, uint32_t i, struct problem *p)
{
    const struct resources *w = vm->w;
    uint64_t base = BH_COMPARTMENT_BASE(i), statics = statics_size(w, i);
    int fd = w->compartments[i].data_fd;
    return add_block(vm, base + BH_SHARED_OFF, statics, RW, fd, 0, p) &&
           add_block(vm, base + BH_STACKS_OFF + BH_SHADOW_DELTA, stacks_size(w->a, i), RW, fd, fd < 0 ? 0 : statics, p);
}

static bool add_heap(struct vm *vm, const struct compartment *c, struct problem *p)
{
    uint64_t size = page_up(c->memory);
    if (c->memory > BH_HEAP_MAX)
        return problem_set(p, EXIT_USAGE, "compartment %s: its memory exceeds 56 GiB", c->name);
    struct region r = {.va = BH_COMPARTMENT_BASE(c->index) + BH_HEAP_OFF,
                       .size = size,
                       .stride = size,
                       .count = 1,
                       .perms = RW,
                       .backing = size >= HUGE_HEAP ? BACK_HUGE : BACK_ZERO};
    return !size || memory_add(&vm->memory, &r, p);
}

static bool add_compartment(struct vm *vm, uint32_t i, struct problem *p)
{
    const struct compartment *c = &vm->w->a->compartments[i];
    uint32_t threads = vm->w->a->vms[vm->index].n_threads;
    struct region stacks = {
        .va = BH_STACK(i, 0, c->stack), .size = c->stack, .stride = c->stack + PAGE, .count = threads, .perms = RW};
    struct region tls = {
        .va = BH_TLS_SEGMENT(0, i), .size = BH_TLS_SLOT, .stride = BH_TLS_STRIDE, .count = threads, .perms = RW};
    return gates_plan(vm->w, i, &vm->memory, p) && image_plan(&vm->w->compartments[i].image, &vm->memory, p) &&
           memory_add(&vm->memory, &stacks, p) && memory_add(&vm->memory, &tls, p) && add_data(vm, i, p) &&
           add_heap(vm, c, p);
}

static bool add_core(struct vm *vm, uint64_t bootinfo_size, struct problem *p)
{
    struct region control = {.va = BH_TLS_TP(0),
                             .size = PAGE,
                             .stride = BH_TLS_STRIDE,
                             .count = vm->w->a->vms[vm->index].n_threads,
                             .perms = RW};
    return descriptor_tables_plan(&vm->memory, p) &&
           add_block(vm, BH_BOOTINFO_VA, page_up(bootinfo_size), PERM_R | PERM_U, -1, 0, p) &&
           add_block(vm, BH_STATUS_VA, PAGE, PERM_R | PERM_U, vm->w->vms[vm->index].status_fd, 0, p) &&
           add_block(vm, BH_CROWD_VA, PAGE, PERM_R | PERM_U, vm->w->crowd_fd, 0, p) &&
           add_block(vm, BH_STATS_VA, BH_STATS_SIZE, RW, vm->w->vms[vm->index].stats_fd, 0, p) &&
           image_plan(&vm->w->core, &vm->memory, p) && memory_add(&vm->memory, &control, p);
}

/* Rings and arenas: shared with the VM at the other end; in two parts, because they can have different keys. Between
 * two domains of this VM: arenas alone. */
static bool add_edge(struct vm *vm, const struct edge *e, struct problem *p)
{
    const struct appliance *a = vm->w->a;
    uint64_t base = BH_EDGE_BASE(e->index), rest = edge_size(e) - BH_EDGE_CB_ARENA_OFF;
    int fd = vm->w->edge_fd[e->index];
    if (!edge_crosses(a, e))
        return !edge_keyed(a, e) || add_block(vm, base + BH_EDGE_CB_ARENA_OFF, rest, RW, -1, 0, p);
    if (!keys_needed(a, vm->index))
        return add_block(vm, base, edge_size(e), RW, fd, 0, p);
    return add_block(vm, base, BH_EDGE_CB_ARENA_OFF, RW, fd, 0, p) &&
           add_block(vm, base + BH_EDGE_CB_ARENA_OFF, rest, RW, fd, BH_EDGE_CB_ARENA_OFF, p);
}

bool vm_plan_memory(struct vm *vm, uint64_t bootinfo_size, struct problem *p)
{
    const struct resources *w = vm->w;
    const struct appliance *a = w->a;
    bool keyed = keys_needed(a, vm->index);
    if (keyed && !keys_plan(&vm->keys, a, vm->index, p))
        return false;
    if (!add_core(vm, bootinfo_size, p))
        return false;
    for (uint32_t i = 0; i < a->n_compartments; i++)
        if (vm_holds(a, vm->index, i) ? !add_compartment(vm, i, p)
                                      : vm_sees_data(a, vm->index, i) && !add_data(vm, i, p))
            return false;
    for (uint32_t i = 0; i < a->n_shares; i++)
        if (vm_has_share(a, vm->index, i) &&
            !add_block(vm, BH_SHARE_BASE(i), page_up(a->shares[i].size), RW, w->share_fd[i], 0, p))
            return false;
    for (uint32_t i = 0; i < a->n_mounts; i++)
        if (vm_has_mount(a, vm->index, i) &&
            !add_block(vm, BH_MOUNT_VA(a->mounts[i].compartment, i), BH_MOUNT_SIZE, RW, w->mounts[i].fd, 0, p))
            return false;
    for (uint32_t i = 0; i < a->n_edges; i++) {
        const struct edge *e = &a->edges[i];
        if (vm_has_edge(a, vm->index, e) && !add_edge(vm, e, p))
            return false;
    }
    if (keyed)
        return trampolines_plan(w, &vm->keys, &vm->memory, p);
    return true;
}

/* Makes pages present that are sure to be used soon: a guest's first touch of an absent page costs
 * ten times as much. Saves time only, so failures do not matter. */
static void prefault_pages(const struct vm *vm, uint64_t va, uint64_t bytes)
{
    uint64_t avail;
    void *at = memory_at(&vm->memory, guest_va(va), bytes, PERM_W, &avail);
    if (at)
        madvise(at, avail, MADV_POPULATE_WRITE);
}

/* Statics that nobody shares are part of the compartment's private memory. */
static bool load_private_statics(struct vm *vm, uint32_t i, struct problem *p)
{
    const struct segment *s = image_shared(&vm->w->compartments[i].image);
    if (!s || !s->filesz || vm->w->compartments[i].data_fd >= 0)
        return true;
    uint64_t avail;
    void *to = memory_at(&vm->memory, guest_va(s->va), s->size, PERM_W, &avail);
    return to && avail == s->size && image_read(&vm->w->compartments[i].image, s, to, p);
}

bool vm_load(struct vm *vm, struct problem *p)
{
    const struct resources *w = vm->w;
    if (!image_load(&w->core, &vm->memory, p))
        return false;
    prefault_pages(vm, BH_TLS_TP(0), PAGE);
    prefault_pages(vm, BH_STATS_VA, BH_STATS_HOT);
    for (uint32_t i = 0; i < w->a->n_compartments; i++) {
        if (!vm_holds(w->a, vm->index, i))
            continue;
        if (!image_load(&w->compartments[i].image, &vm->memory, p) || !load_private_statics(vm, i, p) ||
            !gates_write(w, i, &vm->memory, p))
            return false;
        uint64_t stack = w->a->compartments[i].stack;
        prefault_pages(vm, BH_STACK(i, 0, stack) + stack - 2 * PAGE, 2 * PAGE);
        prefault_pages(vm, BH_TLS_SEGMENT(0, i), PAGE);
    }
    if (vm->memory.keyed && !trampolines_write(w, &vm->keys, &vm->memory, p))
        return false;
    for (uint32_t i = 0; i < w->a->n_edges; i++)
        prefault_pages(vm, BH_EDGE_BASE(i), sizeof(struct bh_edge_region));
    return true;
}
