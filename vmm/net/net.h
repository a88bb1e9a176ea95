/* The network device of a VM: virtio-net (virtio 1.2, 5.1) over hypercalls, see rpc/net.h.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_NET_NET_H
#define BH_VMM_NET_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "rpc/net.h"
#include "vmm/appliance/appliance.h"
#include "vmm/base/problem.h"
#include "vmm/kvm/guest_va.h"

struct net;
struct resources;
struct guest_memory;
struct vm_stats;

/* Fills in what the guest is told about its device. */
void net_describe(const struct appliance *a, struct bh_boot_net *b);

struct net_place {
    const struct guest_memory *memory;
    struct vm_stats *stats;
    int vm_notify; /* eventfd: wakes the VM */
    int kick;      /* eventfd: wakes the device's thread */
};

/* Lets the guest's BH_PORT_KICK notify a new eventfd, *kick; -1: VM v has no network device. `vm_fd`: the VM's KVM
 * descriptor. False: `p`, EXIT_HOST. */
bool net_wire(const struct appliance *a, uint32_t v, int vm_fd, int *kick, struct problem *p);

/* Opens the TAP device or the listening sockets and starts the device's thread, which is confined when this returns.
 * Other descriptors have been closed, and sandbox_enter() follows. *net is the device, which keeps what `place` points
 * to, or NULL if the VM has none. False: `p`, EXIT_HOST. */
bool net_open(const struct resources *w, uint32_t v, const struct net_place *place, struct net **net,
              struct problem *p);

/* BH_HC_NET_START and BH_HC_KICK, on the vCPU's thread. 0 or -errno. */
int64_t net_start(struct net *n, struct guest_va setup);
int64_t net_kick(struct net *n, uint64_t queue);

/* To be called before and after a park. False: frames came that the guest has not seen, so it must not sleep. After
 * true, net_unpark() follows the sleep. */
bool net_may_park(struct net *n);
void net_unpark(struct net *n);

#endif
