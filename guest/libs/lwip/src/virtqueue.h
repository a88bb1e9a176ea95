/* Driver's side of a split virtqueue (virtio 1.2, 2.7), without any knowledge of what it carries.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The device is trusted with the queue's contents no more than a peer: what it writes is fetched once and checked. A
 * chain's descriptors are taken from a free list; its head names it until vq_take() returns it. */
#ifndef NET_VIRTQUEUE_H
#define NET_VIRTQUEUE_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VQ_NONE 0xffffu

struct virtqueue {
    struct vring ring;  /* num, desc, avail, used */
    bool event_index;   /* VIRTIO_RING_F_EVENT_IDX negotiated */
    uint16_t free_head; /* VQ_NONE: none */
    uint16_t n_free;
    uint16_t avail_next; /* our avail->idx, perhaps not yet published */
    uint16_t kicked;     /* avail->idx when the device was last looked at for a kick */
    uint16_t used_seen;
    uint16_t *next; /* private copy of the chains: what the device can write is not followed */
    bool *head;     /* descriptor is the head of a chain that the device has */
};

/* One buffer of a chain; `writable`: by the device. */
struct vq_buffer {
    const void *data;
    uint32_t size;
    bool writable;
};

enum vq_taken { VQ_EMPTY, VQ_CHAIN, VQ_BROKEN /* the device named a chain that it does not have */ };

/* Memory of a queue of `size` entries, aligned to VQ_ALIGN: bytes. */
#define VQ_ALIGN 64u
size_t vq_memory(uint32_t size);
/* `private_memory`: vq_private(size) bytes that the device does not see. Both zeroed by this. */
size_t vq_private(uint32_t size);
void vq_init(struct virtqueue *q, uint32_t size, void *memory, void *private_memory, bool event_index);

/* Offers a chain of n >= 1 buffers to the device at the next vq_publish(); its head, or VQ_NONE when fewer than n
 * descriptors are free. */
uint16_t vq_add(struct virtqueue *q, const struct vq_buffer *buffers, uint32_t n);
/* Makes what was added visible; true: the device wants a kick. */
bool vq_publish(struct virtqueue *q);
/* The next chain that the device is done with: its head, its number of descriptors, which are free again, and how many
 * bytes the device says it wrote. Until the next vq_add() vq_next() walks the chain. */
enum vq_taken vq_take(struct virtqueue *q, uint16_t *head, uint32_t *n, uint32_t *written);
static inline uint16_t vq_next(const struct virtqueue *q, uint16_t descriptor)
{
    return q->next[descriptor];
}
/* Are there chains to take? */
bool vq_has_used(const struct virtqueue *q);
/* Asks the device for a notification after `more` further chains (0: the very next one). Without an event index the
 * device always notifies. True: look again, some are there already. */
bool vq_want_notification(struct virtqueue *q, uint16_t more);
#endif
