/* The device's end of a split virtqueue in guest memory (virtio 1.2, 2.7). The driver is the guest:
 * every index, length and address is fetched once and checked before it is used.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Nothing here blocks or allocates. One thread owns a queue; vq_wants_wake() and `published` are
 * for the vCPU's thread as well. */
#ifndef BH_VMM_VIRTIO_VIRTQUEUE_H
#define BH_VMM_VIRTIO_VIRTQUEUE_H

#include <linux/virtio_ring.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "vmm/kvm/regions.h"

#define VQ_SIZE_MAX 1024u /* entries, as rpc/net.h promises */

/* Guest memory that descriptors may name: one contiguous block that the guest may read and write. */
struct vq_memory {
    struct guest_va at;
    uint64_t size;
    uint8_t *host;
};

/* Where the driver says that the three parts of a queue are, and how many entries it has. */
struct vq_place {
    struct guest_va desc, avail, used;
    uint32_t size;
};

struct virtqueue {
    /* Set by vq_init(). The three parts lie in guest memory. */
    struct vring_desc *desc;
    struct vring_avail *avail;
    struct vring_used *used;
    struct vq_memory buffers;
    uint16_t size; /* entries: power of two */
    bool event_idx;
    /* The device's own cursors; free-running, as in the rings. */
    uint16_t next_avail;        /* first entry of the avail ring that was not fetched */
    uint16_t seen_avail;        /* avail->idx as it was fetched last */
    uint16_t next_used;         /* where the next used entry goes */
    _Atomic uint16_t published; /* what used->idx says */
};

/* A chain of descriptors: a buffer that the driver lent. */
struct vq_chain {
    uint16_t head;  /* hands it back: vq_push() */
    uint16_t n;     /* entries of iov */
    uint64_t bytes; /* sum of their lengths; at most n * 4 GiB */
};

enum vq_result { VQ_EMPTY, VQ_OK, VQ_BROKEN };

/* Checks that each part is aligned and lies in [low, high), within one block of `m` that the guest may read and write.
 * False: *error is -EINVAL if the size or an alignment is wrong, else -EFAULT. */
bool vq_init(struct virtqueue *q, const struct guest_memory *m, const struct vq_place *place, struct guest_va low,
             struct guest_va high, int *error);

/* The next chain that the driver made available, all of whose descriptors the device may write
 * (`writable`) or read. iov[0 .. max-1] is filled with host addresses inside `buffers`. VQ_BROKEN:
 * the driver broke the rules, and *why says which; the queue must not be used again. */
enum vq_result vq_fetch(struct virtqueue *q, bool writable, struct iovec *iov, uint16_t max, struct vq_chain *c,
                        const char **why);

/* The same for a chain with both: descriptors that the device may read, then those that it may write.
 * *readable: how many of the former. */
enum vq_result vq_fetch_both(struct virtqueue *q, struct iovec *iov, uint16_t max, uint16_t *readable,
                             struct vq_chain *c, const char **why);

/* Writes a used entry: `written` bytes of the chain hold data. The driver sees it after
 * vq_publish(). */
void vq_push(struct virtqueue *q, uint16_t head, uint32_t written);
void vq_publish(struct virtqueue *q);

/* True if there is something to fetch. One look at guest memory. */
bool vq_has_more(struct virtqueue *q);

/* Asks for a kick with the next buffer. True: there is one already, do not sleep. */
bool vq_want_kick(struct virtqueue *q);
/* The device is awake and looks by itself. */
void vq_no_kick(struct virtqueue *q);

/* Whether the driver wants to hear of what has been published so far. */
bool vq_wants_wake(const struct virtqueue *q);

#endif
