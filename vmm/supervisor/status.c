/* Changes status pages and wakes the VMs that are to read them.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/supervisor/status.h"

#include <stdatomic.h>

#include "vmm/appliance/topology.h"
#include "vmm/base/notify.h"

static void publish_page(struct vm_proc *vm)
{
    atomic_fetch_add_explicit((_Atomic uint32_t *)&vm->resources->status->generation, 1, memory_order_release);
    notify(vm->resources->notify_fd);
}

void status_ask_to_end(struct vm_proc *vm, int signo)
{
    atomic_store((_Atomic uint32_t *)&vm->resources->status->shutdown, (uint32_t)signo);
    publish_page(vm);
}

void status_tell_peers(struct vm_proc *gone)
{
    struct supervisor *s = gone->s;
    bool told[BH_VMS_MAX] = {false};
    for (uint32_t i = 0; i < s->a->n_edges; i++) {
        const struct edge *e = &s->a->edges[i];
        if (!vm_has_edge(s->a, gone->index, e) || !edge_crosses(s->a, e))
            continue;
        uint32_t peer = edge_peer_vm(s->a, gone->index, e);
        atomic_fetch_or((_Atomic uint64_t *)&s->vms[peer].resources->status->dead_edges[i / 64], 1ull << (i % 64));
        told[peer] = true;
    }
    for (uint32_t v = 0; v < s->a->n_vms; v++)
        if (told[v])
            publish_page(&s->vms[v]);
}

void status_settle_tracing(struct supervisor *s)
{
    if (s->tracing == control_tracing(&s->control))
        return;
    s->tracing = !s->tracing;
    for (uint32_t v = 0; v < s->a->n_vms; v++) {
        atomic_store((_Atomic uint32_t *)&s->vms[v].resources->status->trace, s->tracing);
        publish_page(&s->vms[v]);
    }
}
