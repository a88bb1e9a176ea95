/* Opens images and makes the memory that VMs share.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/resources/resources.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "rpc/mount.h"
#include "rpc/gate.h"
#include "vmm/base/paths.h"
#include "vmm/resources/memory_file.h"

static bool open_images(struct resources *r, struct problem *p)
{
    if (!image_open_core(&r->core, core_path(), p))
        return false;
    for (uint32_t i = 0; i < r->a->n_compartments; i++) {
        const struct compartment *c = &r->a->compartments[i];
        if (!image_open_compartment(&r->compartments[i].image, c->image, i, p))
            return false;
        uint64_t stacks = stacks_size(r->a, i);
        if ((c->stack & (PAGE - 1)) || !c->stack || stacks > BH_STACKS_MAX) {
            return problem_set(p, EXIT_USAGE,
                               "compartment %s: %u stacks of %llu bytes exceed 1 GiB or are not "
                               "whole pages",
                               c->name, r->a->vms[c->vm].n_threads, (unsigned long long)c->stack);
        }
    }
    return true;
}

/* Statics and shadow stacks of a compartment that is a member of a share. The initial values are
 * written here, before any VM exists that could see them half done. */
static bool make_data(struct resources *r, uint32_t i, struct problem *p)
{
    if (r->a->compartments[i].share == BH_NO_SHARE)
        return true;
    uint64_t statics = statics_size(r, i);
    r->compartments[i].data_fd = memory_file_make("bulkhead-data", statics + stacks_size(r->a, i), F_SEAL_SEAL, p);
    if (r->compartments[i].data_fd < 0)
        return false;
    const struct segment *s = image_shared(&r->compartments[i].image);
    if (!s || !s->filesz)
        return true;
    void *at = mmap(NULL, statics, PROT_READ | PROT_WRITE, MAP_SHARED, r->compartments[i].data_fd, 0);
    if (at == MAP_FAILED)
        return problem_set(p, EXIT_HOST, "cannot map shared statics: %s", strerror(errno));
    bool good = image_read(&r->compartments[i].image, s, at, p);
    munmap(at, statics);
    return good;
}

static bool make_edges(struct resources *r, struct problem *p)
{
    for (uint32_t i = 0; i < r->a->n_edges; i++) {
        const struct edge *e = &r->a->edges[i];
        if (e->arena > BH_EDGE_SIZE_MAX - BH_EDGE_ARENA_OFF) {
            return problem_set(p, EXIT_USAGE, "edge %s -> %s: its arena exceeds 255 MiB",
                               r->a->compartments[e->from].name, r->a->compartments[e->to].name);
        }
        if (edge_crosses(r->a, e)) {
            r->edge_fd[i] = memory_file_make("bulkhead-edge", edge_size(e), F_SEAL_SEAL, p);
            if (r->edge_fd[i] < 0)
                return false;
        }
    }
    return true;
}

bool resources_make(struct resources *r, const struct appliance *a, const struct host *h, const struct run_options *o,
                    struct problem *p)
{
    memset(r, 0xff, sizeof(*r)); /* every descriptor is -1 */
    r->a = a;
    r->h = h;
    r->o = o;
    r->crowd_fd = crowd_make(&r->crowd, h->cores, p);
    if (r->crowd_fd < 0 || !open_images(r, p))
        return false;
    for (uint32_t i = 0; i < a->n_shares; i++) {
        r->share_fd[i] = memory_file_make("bulkhead-share", page_up(a->shares[i].size), F_SEAL_SEAL, p);
        if (r->share_fd[i] < 0)
            return false;
    }
    for (uint32_t i = 0; i < a->n_compartments; i++)
        if (!make_data(r, i, p))
            return false;
    if (!make_edges(r, p))
        return false;
    for (uint32_t v = 0; v < a->n_vms; v++)
        if (!vm_resources_make(&r->vms[v], p))
            return false;
    return true;
}

uint64_t statics_size(const struct resources *r, uint32_t compartment)
{
    const struct segment *s = image_shared(&r->compartments[compartment].image);
    return s ? s->size : 0;
}

static bool are_peers(const struct appliance *a, uint32_t v, uint32_t other)
{
    for (uint32_t i = 0; i < a->n_edges; i++) {
        const struct edge *e = &a->edges[i];
        if (vm_has_edge(a, v, e) && edge_peer_vm(a, v, e) == other)
            return true;
    }
    return false;
}

/* Of another VM, a VM's process keeps at most the descriptor that wakes it. */
static void forget_vm(struct vm_resources *r, bool is_peer)
{
    int notify_fd = r->notify_fd;
    if (is_peer)
        r->notify_fd = -1; /* it stays open */
    vm_resources_release(r);
    r->notify_fd = is_peer ? notify_fd : -1;
}

void resources_keep(struct resources *r, uint32_t v)
{
    const struct appliance *a = r->a;
    for (uint32_t i = 0; i < a->n_compartments; i++) {
        if (!vm_holds(a, v, i)) {
            memory_file_close(&r->compartments[i].image.fd);
            if (!vm_sees_data(a, v, i))
                memory_file_close(&r->compartments[i].data_fd);
        }
    }
    for (uint32_t i = 0; i < a->n_shares; i++)
        if (!vm_has_share(a, v, i))
            memory_file_close(&r->share_fd[i]);
    for (uint32_t i = 0; i < a->n_edges; i++)
        if (!vm_has_edge(a, v, &a->edges[i]))
            memory_file_close(&r->edge_fd[i]);
    for (uint32_t i = 0; i < a->n_mounts; i++) {
        munmap(r->mounts[i].window, BH_MOUNT_SIZE);
        if (!vm_has_mount(a, v, i)) {
            memory_file_close(&r->mounts[i].fd);
            memory_file_close(&r->mounts[i].kick);
        }
    }
    for (uint32_t i = 0; i < a->n_vms; i++)
        if (i == v)
            vm_resources_drop_supervisor_part(&r->vms[i]);
        else
            forget_vm(&r->vms[i], are_peers(a, v, i));
}
