/* The network device of a VM: virtio-net (virtio 1.2, 5.1) over hypercalls, see rpc/abi.h.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_NET_NET_H
#define BH_VMM_NET_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/appliance/appliance.h"
#include "vmm/base/problem.h"

struct net;
struct resources;
struct guest_memory;
struct vm_stats;

/* What the guest learns about its device. */
void net_describe(const struct appliance *a, struct bh_boot_net *b);

/* In the order of a VM's start, by the process of VM v; nothing happens in a VM without the device. False: `p`,
 * EXIT_HOST.
 * net_wire(): makes BH_PORT_KICK of the VM with the KVM descriptor `vm_fd` an eventfd, *kick; -1: no device.
 * net_open(): opens the TAP device or the listening sockets and starts the device's thread, which confines itself
 *             before it returns. To be called after other descriptors were closed, and before sandbox_enter().
 *             *net: the device; NULL: none. It keeps `memory`, `stats` and the eventfds. */
struct net_place {
    const struct guest_memory *memory;
    struct vm_stats *stats;
    int vm_notify; /* eventfd: wakes the VM */
    int kick;      /* eventfd: wakes the device's thread */
};
bool net_wire(const struct appliance *a, uint32_t v, int vm_fd, int *kick, struct problem *p);
bool net_open(const struct resources *w, uint32_t v, const struct net_place *place, struct net **net,
              struct problem *p);

/* The vCPU's thread. BH_HC_NET_START and BH_HC_KICK: 0 or -errno. */
int64_t net_start(struct net *n, uint64_t setup);
int64_t net_kick(struct net *n, uint64_t queue);

/* Around a park: false when frames came that the guest has not seen; then it must not sleep. After
 * true and the sleep, net_unpark(). */
bool net_may_park(struct net *n);
void net_unpark(struct net *n);

#endif
