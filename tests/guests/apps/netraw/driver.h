/* A bare driver of the network device: how to start it, when to kick, when to sleep.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * One frame at a time through fixed buffers; meant to be read and to test with, not to be fast. */
#ifndef NETRAW_DRIVER_H
#define NETRAW_DRIVER_H

#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <stdint.h>

#include <bh/core.h>

#define QUEUE  64u
#define BUFFER 2048u
#define HEADER ((uint32_t)sizeof(struct virtio_net_hdr_v1))

enum { RX = 0, TX = 1 };

struct queue {
    struct vring ring;
    uint16_t last_used;
};

struct driver {
    const struct bh_boot_net *boot;
    uint64_t features; /* accepted */
    struct queue queue[2];
    uint64_t kicks, waits;
};
extern struct driver driver;

/* Memory that the device sees. */
extern uint8_t buffers[2][QUEUE][BUFFER];

/* The setup with which net_start() succeeds, and fresh rings for it. */
struct bh_net_setup driver_setup(uint64_t features);

/* 0 or -errno. Lends all receive buffers. */
long driver_start(uint64_t features);

/* Sends a frame of at most BUFFER - HEADER bytes; blocks while the queue is full. */
void driver_send(const struct virtio_net_hdr_v1 *h, const void *frame, uint32_t bytes);

/* Receives one frame; blocks at most `timeout` ns. Its bytes, or 0. *h as in its first buffer. */
uint32_t driver_receive(struct virtio_net_hdr_v1 *h, uint8_t *frame, uint32_t size, uint64_t timeout);

#endif
