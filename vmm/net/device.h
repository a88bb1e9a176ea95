/* The network device's own state, and the way that frames take through it. Only the files of this folder include this.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * There are two threads. The vCPU's starts the device, kicks it and parks (net.c); everything else belongs to the
 * device's own (thread.c). */
#ifndef BH_VMM_NET_DEVICE_H
#define BH_VMM_NET_DEVICE_H

#include <semaphore.h>

#include "vmm/net/frame.h"
#include "vmm/net/net.h"
#include "vmm/virtio/poll_limit.h"
#include "vmm/virtio/virtqueue.h"
#include "vmm/resources/crowd.h"
#include "vmm/resources/vm_stats.h"

#define NET_CHAIN_MAX   128u /* descriptors of a frame that the driver sends */
#define NET_RX_SEGMENTS 4u   /* descriptors of one receive buffer */
#define NET_RX_AHEAD    64u  /* receive buffers fetched before they are needed */
#define NET_RX_IOV      (NET_RX_AHEAD * NET_RX_SEGMENTS)
#define NET_BATCH       64u /* frames of one direction before the other gets its turn */
#define NET_RESETS_MAX  16u /* then the device stays off */

enum net_state {
    NET_IDLE,    /* no driver: queues belong to the vCPU's thread */
    NET_STARTED, /* the device's thread has not yet seen it */
    NET_RUNNING,
};

struct net;

/* What is at the other end of the wire. All functions run on the device's thread, and only `wait` may block. */
struct net_backend {
    /* The driver accepted n->accepted. */
    void (*started)(struct net *n);
    /* Sends one frame; header and length have been checked, the bytes are the guest's and can
     * change. iov[0] is free for the back end's own use. What cannot be sent is dropped. */
    void (*send)(struct net *n, const struct virtio_net_hdr_v1 *h, struct iovec *iov, unsigned count, uint32_t bytes);
    /* Delivers what has come, at most a batch. True if there was anything. */
    bool (*receive)(struct net *n);
    /* Sleeps until a kick, a frame (unless n->starved) or a timer. */
    void (*wait)(struct net *n);
};

/* A buffer that the driver lent for reception. */
struct net_buffer {
    struct vq_chain chain;
    struct iovec iov[NET_RX_SEGMENTS];
};

struct net {
    /* Constant once the thread runs. */
    const struct net_config *config;
    const struct appliance *appliance;
    const struct guest_memory *memory;
    const struct net_backend *backend;
    int vm_notify; /* eventfd: wakes the VM */
    int kick;      /* eventfd: wakes the device's thread */
    struct poll_limit limit;
    struct crowd_member member; /* this process */
    struct vm_stats *stats;

    /* Between the threads. */
    _Atomic uint32_t state;  /* enum net_state */
    _Atomic uint32_t parked; /* the vCPU sleeps, or is about to */
    sem_t confined;          /* the device's thread has given up its rights, or failed to */
    struct problem problem;

    /* The vCPU's thread writes them in NET_IDLE. */
    uint64_t accepted; /* features */
    struct virtqueue rx, tx;

    /* The vCPU's thread. */
    uint16_t acked_rx, acked_tx; /* what had been published when parking was last refused */

    /* The device's thread. */
    const char *broken; /* why the driver is to be forgotten; NULL: all is well */
    uint32_t resets;
    bool starved;          /* a frame waits for receive buffers */
    uint32_t first, count; /* ring of fetched receive buffers */
    uint64_t room;         /* their bytes */
    struct net_buffer ahead[NET_RX_AHEAD];
};

/* ---- What the device's thread and the back ends call ---- */

/* For a loop_source: resets the eventfd of kicks. `net`: the struct net. */
void net_take_kick(void *net, short revents);

/* Forgets what earlier queues had lent; the queues are new. */
void net_device_begin(struct net *n);

/* Whether a driver has queues here that are in order. */
bool net_running(const struct net *n);

/* After n->broken was set: one line on stderr, and the queues belong to the vCPU's thread again. */
void net_reset(struct net *n);

/* Sends what the driver has made available, at most a batch. True if there was anything. */
bool net_transmit(struct net *n);

/* Puts one frame into receive buffers. False: there are too few now, try later; n->starved is set
 * then. True as well when the frame was dropped because no driver runs or buffers are too small. */
bool net_deliver(struct net *n, const struct virtio_net_hdr_v1 *h, const void *frame, uint32_t bytes);

/* The same without a copy: iov[0 .. count-1] for a header and a frame of `bytes` in all. 0: too few
 * buffers. Then net_received() tells how much of it was used, header included. */
unsigned net_room(struct net *n, struct iovec iov[NET_RX_IOV], uint64_t bytes);
void net_received(struct net *n, uint32_t bytes);

#endif
