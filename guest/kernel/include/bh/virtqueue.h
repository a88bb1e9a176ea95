/* The driver's side of a split virtqueue (virtio 1.2, section 2.7), whatever it carries.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The network's driver and the file system's mounts use it. The device is trusted with the contents of the queue no
 * more than a peer: what it writes is fetched once and checked. Descriptors come from a free list; the head of a chain
 * names the chain until vq_take() returns it. No function blocks. */
#ifndef BH_VIRTQUEUE_H
#define BH_VIRTQUEUE_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VQ_NONE 0xffffu

struct virtqueue {
    struct vring ring;  /* num, desc, avail, used */
    bool event_index;   /* VIRTIO_RING_F_EVENT_IDX was negotiated */
    uint16_t free_head; /* first free descriptor; VQ_NONE: there is none */
    uint16_t n_free;
    uint16_t avail_next; /* the next avail->idx, possibly not published yet */
    uint16_t kicked;     /* avail->idx when the driver last checked whether the device wants a kick */
    uint16_t used_seen;
    uint16_t *next; /* private copy of the chains, because the device can overwrite the shared one */
    bool *head;     /* by descriptor: it is the head of a chain that the device has */
};

/* One buffer of a chain; the device may write to it if it is `writable`, and only read it otherwise. */
struct vq_buffer {
    const void *data;
    uint32_t size; /* bytes */
    bool writable;
};

enum vq_taken { VQ_EMPTY, VQ_CHAIN, VQ_BROKEN /* the device named a chain that it does not have */ };

/* Bytes that a queue of `size` entries needs for itself and that the device does not see. */
#define VQ_PRIVATE(size) ((size) * (sizeof(uint16_t) + sizeof(bool)))

/* `ring`: where the shared parts lie, all zeros, of a number of entries that is a power of two. `private_memory`:
 * VQ_PRIVATE(ring->num) bytes, aligned for uint16_t. */
void vq_init(struct virtqueue *q, const struct vring *ring, void *private_memory, bool event_index);

/* Adds a chain of n >= 1 buffers, which the device gets at the next vq_publish(). Returns the head of the chain, or
 * VQ_NONE if fewer than n descriptors are free. */
uint16_t vq_add(struct virtqueue *q, const struct vq_buffer *buffers, uint32_t n);
/* Makes visible what was added. Returns true if the device wants a kick. */
bool vq_publish(struct virtqueue *q);
/* Takes the next chain that the device has finished: its head, the number of its descriptors, which are free again, and
 * how many bytes the device claims to have written. vq_next() walks the chain until the next vq_add(). */
enum vq_taken vq_take(struct virtqueue *q, uint16_t *head, uint32_t *n, uint32_t *written);
static inline uint16_t vq_next(const struct virtqueue *q, uint16_t descriptor)
{
    return q->next[descriptor];
}
/* Returns true if there are chains to take. */
bool vq_has_used(const struct virtqueue *q);
/* Asks the device for a notification after `more` further chains (0: the very next one); a device without an event
 * index always notifies. Returns true if the caller has to look again because there is a chain already. */
bool vq_want_notification(struct virtqueue *q, uint16_t more);
#endif
