/* The network device of a VM: virtio-net (virtio 1.2, 5.1) over hypercalls, see rpc/abi.h.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_NET_H
#define BH_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/appliance.h"
#include "vmm/problem.h"

struct net;
struct vm;

/* Whether the device belongs to VM v. */
bool net_in_vm(const struct appliance *a, uint32_t v);

/* What the guest learns about its device. */
void net_describe(const struct appliance *a, struct bh_boot_net *b);

/* In the order of a VM's start, by its process; nothing happens in a VM without the device. False:
 * `p`, EXIT_HOST. net_wire(): makes BH_PORT_KICK an eventfd, vm->kick; needs the VM's descriptor.
 * net_open(): opens the TAP device or the listening sockets and starts the device's thread, which
 *             confines itself before it returns. To be called after other descriptors were closed,
 * and before sandbox_enter(). */
bool net_wire(struct vm *vm, struct problem *p);
bool net_open(struct vm *vm, struct problem *p);

/* The vCPU's thread. BH_HC_NET_START and BH_HC_NET_KICK: 0 or -errno. */
int64_t net_start(struct net *n, uint64_t setup);
int64_t net_kick(struct net *n, uint64_t queue);

/* Around a park: false when frames came that the guest has not seen; then it must not sleep. After
 * true and the sleep, net_unpark(). */
bool net_may_park(struct net *n);
void net_unpark(struct net *n);

#endif
