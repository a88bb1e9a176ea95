/* Opens images and makes memory and descriptors that VMs share.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/resources/resources.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rpc/gate.h"
#include "vmm/base/paths.h"

static bool failed(struct problem *p, const char *what)
{
    return problem_set(p, EXIT_HOST, "cannot %s: %s", what, strerror(errno));
}

/* Shared memory of a size that can never change again; `seal`: F_SEAL_SEAL, or 0 if more seals
 * follow. */
static int make_memory(const char *name, uint64_t size, int seal, struct problem *p)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || ftruncate(fd, (off_t)size) || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | seal)) {
        failed(p, "make shared memory");
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

static bool open_images(struct resources *w, struct problem *p)
{
    if (!image_open_core(&w->core, core_path(), p))
        return false;
    for (uint32_t i = 0; i < w->a->n_compartments; i++) {
        const struct compartment *c = &w->a->compartments[i];
        if (!image_open_compartment(&w->images[i], c->image, i, p))
            return false;
        uint64_t stacks = stacks_size(w->a, i);
        if ((c->stack & (PAGE - 1)) || !c->stack || stacks > BH_STACKS_MAX) {
            return problem_set(p, EXIT_USAGE,
                               "compartment %s: %u stacks of %llu bytes exceed 1 GiB or are not "
                               "whole pages",
                               c->name, w->a->vms[c->vm].n_threads, (unsigned long long)c->stack);
        }
    }
    return true;
}

/* Statics and shadow stacks of a compartment that is a member of a share. The initial values are
 * written here, before any VM exists that could see them half done. */
static bool make_data(struct resources *w, uint32_t i, struct problem *p)
{
    if (w->a->compartments[i].share == BH_NO_SHARE)
        return true;
    uint64_t statics = statics_size(w, i);
    w->data_fd[i] = make_memory("bulkhead-data", statics + stacks_size(w->a, i), F_SEAL_SEAL, p);
    if (w->data_fd[i] < 0)
        return false;
    const struct segment *s = image_shared(&w->images[i]);
    if (!s || !s->filesz)
        return true;
    void *at = mmap(NULL, statics, PROT_READ | PROT_WRITE, MAP_SHARED, w->data_fd[i], 0);
    if (at == MAP_FAILED)
        return failed(p, "map shared statics");
    bool good = image_read(&w->images[i], s, at, p);
    munmap(at, statics);
    return good;
}

static bool make_edges(struct resources *w, struct problem *p)
{
    for (uint32_t i = 0; i < w->a->n_edges; i++) {
        const struct edge *e = &w->a->edges[i];
        if (e->arena > BH_EDGE_SIZE_MAX - BH_EDGE_ARENA_OFF) {
            return problem_set(p, EXIT_USAGE, "edge %s -> %s: its arena exceeds 255 MiB",
                               w->a->compartments[e->from].name, w->a->compartments[e->to].name);
        }
        if (edge_crosses(w->a, e)) {
            w->edge_fd[i] = make_memory("bulkhead-edge", edge_size(e), F_SEAL_SEAL, p);
            if (w->edge_fd[i] < 0)
                return false;
        }
    }
    return true;
}

/* One VM's status page, statistics, bell and socket. Only this process, which has mapped the page already, can
 * write it. */
static bool make_vm(struct resources *w, uint32_t v, struct problem *p)
{
    w->status_fd[v] = make_memory("bulkhead-status", PAGE, 0, p);
    if (w->status_fd[v] < 0)
        return false;
    void *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, w->status_fd[v], 0);
    if (at == MAP_FAILED || fcntl(w->status_fd[v], F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL))
        return failed(p, "make a status page");
    w->status[v] = at;
    w->stats_fd[v] = make_memory("bulkhead-stats", VM_STATS_BYTES, F_SEAL_SEAL, p);
    if (w->stats_fd[v] < 0)
        return false;
    void *stats = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, w->stats_fd[v], (off_t)BH_STATS_SIZE);
    if (stats == MAP_FAILED)
        return failed(p, "map a VM's statistics");
    w->vm_stats[v] = stats;
    w->notify_fd[v] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int ends[2];
    if (w->notify_fd[v] < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return failed(p, "make a doorbell");
    w->supervisor_end[v] = ends[0];
    int core[2];
    struct timeval patience = {.tv_sec = CORE_PATIENCE_S};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, core) ||
        setsockopt(core[1], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) ||
        setsockopt(core[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
        return failed(p, "make a socket");
    w->core_end[v] = core[0];
    w->dump_end[v] = core[1];
    w->vm_end[v] = ends[1];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return failed(p, "make a debugger's socket");
    w->debug_end[v] = ends[0];
    w->debug_vm_end[v] = ends[1];
    return true;
}

bool resources_make(struct resources *w, const struct appliance *a, const struct host *h, const struct run_options *o,
                    struct problem *p)
{
    memset(w, 0xff, sizeof(*w)); /* every descriptor is -1 */
    w->a = a;
    w->h = h;
    w->o = o;
    if (!open_images(w, p))
        return false;
    for (uint32_t i = 0; i < a->n_shares; i++) {
        w->share_fd[i] = make_memory("bulkhead-share", page_up(a->shares[i].size), F_SEAL_SEAL, p);
        if (w->share_fd[i] < 0)
            return false;
    }
    for (uint32_t i = 0; i < a->n_compartments; i++)
        if (!make_data(w, i, p))
            return false;
    if (!make_edges(w, p))
        return false;
    for (uint32_t v = 0; v < a->n_vms; v++)
        if (!make_vm(w, v, p))
            return false;
    return true;
}

uint64_t statics_size(const struct resources *w, uint32_t compartment)
{
    const struct segment *s = image_shared(&w->images[compartment]);
    return s ? s->size : 0;
}

static void drop(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
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

void resources_keep(struct resources *w, uint32_t v)
{
    const struct appliance *a = w->a;
    for (uint32_t i = 0; i < a->n_compartments; i++) {
        if (!vm_holds(a, v, i)) {
            drop(&w->images[i].fd);
            if (!vm_sees_data(a, v, i))
                drop(&w->data_fd[i]);
        }
    }
    for (uint32_t i = 0; i < a->n_shares; i++)
        if (!vm_has_share(a, v, i))
            drop(&w->share_fd[i]);
    for (uint32_t i = 0; i < a->n_edges; i++)
        if (!vm_has_edge(a, v, &a->edges[i]))
            drop(&w->edge_fd[i]);
    for (uint32_t i = 0; i < a->n_mounts; i++) {
        munmap(w->mount_window[i], BH_MOUNT_SIZE);
        if (!vm_has_mount(a, v, i)) {
            drop(&w->mount_fd[i]);
            drop(&w->mount_kick[i]);
        }
    }
    for (uint32_t i = 0; i < a->n_vms; i++) {
        munmap(w->status[i], PAGE);
        w->status[i] = NULL;
        munmap((void *)w->vm_stats[i], PAGE);
        w->vm_stats[i] = NULL;
        drop(&w->supervisor_end[i]);
        drop(&w->debug_end[i]);
        drop(&w->core_end[i]);
        if (i != v) {
            drop(&w->status_fd[i]);
            drop(&w->stats_fd[i]);
            drop(&w->vm_end[i]);
            drop(&w->debug_vm_end[i]);
            drop(&w->dump_end[i]);
            if (!are_peers(a, v, i))
                drop(&w->notify_fd[i]);
        }
    }
}
