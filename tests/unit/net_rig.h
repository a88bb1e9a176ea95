/* A network device over a few pages of "guest" memory, with a back end that only takes notes.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef NET_RIG_H
#define NET_RIG_H

#include "vmm/net/net.h"
#include "vmm/net/device.h"

#define RIG_SIZE  16u /* entries of a queue */
#define RIG_BYTES 0x20000u
#define RIG_VA    (BH_COMPARTMENT_BASE(0) + BH_HEAP_OFF)
#define RIG_BUF   0x4000u /* buffers from here to the end; rings before */

struct rig {
    struct net n;
    struct vm_stats stats;
    struct guest_memory memory;
    uint8_t *host;        /* of RIG_VA */
    struct vring ring[2]; /* the driver's view, host addresses */
    uint32_t frames;      /* sent */
    struct virtio_net_hdr_v1 header;
    uint32_t bytes; /* of the last one */
    uint8_t frame[NET_FRAME_MAX];
};
extern struct rig rig;

/* Once. */
void rig_open(void);
/* The setup that is right, for queues of RIG_SIZE; rings are cleared. */
struct bh_net_setup rig_setup(uint64_t features);
/* Starts the device as its thread would. Returns net_start()'s result. */
int64_t rig_start(const struct bh_net_setup *s);
/* What the thread's loop does with a broken device. */
void rig_settle(void);

#endif
