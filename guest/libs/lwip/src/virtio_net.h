/* The two halves of the virtio-net driver, and what they have in common.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef NET_VIRTIO_NET_H
#define NET_VIRTIO_NET_H

/* <linux/virtio_net.h> reads Ethernet constants that lwIP does not have: no clash. */
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>

#include <bh/virtqueue.h>

#include "netcore.h"

#define NET_RECEIVE_QUEUE  0u
#define NET_TRANSMIT_QUEUE 1u
#define NET_HEADER         ((uint32_t)sizeof(struct virtio_net_hdr_v1))
#define NET_BUFFER_SIZE    2048u /* bytes of a receive buffer: a frame of the usual MTU fits, and it is half a page */

struct net_device {
    uint64_t features;        /* negotiated */
    uint64_t heap, heap_size; /* the range that descriptors may name */
    struct virtqueue rx, tx;
    struct net_device_counters counters;
};
extern struct net_device net_device;

static inline bool net_feature(unsigned bit)
{
    return net_device.features >> bit & 1;
}

/* Receive half (virtio_rx.c). */
void net_rx_init(uint32_t queue_size, uint32_t buffers);
uint32_t net_rx_poll(struct netif *netif, uint32_t budget);
void net_rx_refill(void);

/* Transmit half (virtio_tx.c). */
void net_tx_init(uint32_t queue_size);
err_t net_tx_output(struct netif *netif, struct pbuf *p);
void net_tx_flush(void);
bool net_tx_blocked(void); /* a frame was refused for lack of descriptors */
bool net_tx_unblock(void); /* and now there are enough: true once */

#endif
