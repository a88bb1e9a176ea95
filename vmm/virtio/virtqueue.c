/* Split virtqueues, device side.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/virtio/virtqueue.h"

#include <errno.h>

/* The guest can change its memory at any time, so each field is loaded exactly once. */
#define FETCH(field)        __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define STORE(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELAXED)

/* Guest memory in which a queue may lie. */
struct bounds {
    const struct guest_memory *memory;
    struct guest_va low, high;
};

/* One part of the queue; NULL with *error set. */
static void *find_part(const struct bounds *b, struct guest_va at, uint64_t bytes, uint64_t align, int *error)
{
    uint64_t avail;
    if (at.va & (align - 1)) {
        *error = -EINVAL;
        return NULL;
    }
    *error = -EFAULT;
    if (at.va < b->low.va || at.va >= b->high.va || bytes > b->high.va - at.va)
        return NULL;
    void *host = memory_at(b->memory, at, bytes, PERM_R | PERM_W | PERM_U, &avail);
    return host && avail == bytes ? host : NULL;
}

bool vq_init(struct virtqueue *q, const struct guest_memory *m, const struct vq_place *place, struct guest_va low,
             struct guest_va high, int *error)
{
    const struct bounds b = {m, low, high};
    uint64_t size = place->size;
    if (!size || size > VQ_SIZE_MAX || (size & (size - 1))) {
        *error = -EINVAL;
        return false;
    }
    *q = (struct virtqueue){.size = (uint16_t)size};
    /* Each ring ends with the other side's event index. */
    uint64_t desc_bytes = size * sizeof(*q->desc);
    uint64_t avail_bytes = sizeof(*q->avail) + (size + 1) * sizeof(uint16_t);
    uint64_t used_bytes = sizeof(*q->used) + size * sizeof(*q->used->ring) + sizeof(uint16_t);
    return (q->desc = find_part(&b, place->desc, desc_bytes, VRING_DESC_ALIGN_SIZE, error)) &&
           (q->avail = find_part(&b, place->avail, avail_bytes, VRING_AVAIL_ALIGN_SIZE, error)) &&
           (q->used = find_part(&b, place->used, used_bytes, VRING_USED_ALIGN_SIZE, error));
}

bool vq_has_more(struct virtqueue *q)
{
    if (q->seen_avail == q->next_avail)
        q->seen_avail = __atomic_load_n(&q->avail->idx, __ATOMIC_ACQUIRE);
    return q->seen_avail != q->next_avail;
}

enum direction { READABLE, WRITABLE, BOTH };

/* Follows the chain that begins at `head`. *readable: how many descriptors come before the first that the
 * device may write. */
static const char *follow_chain(const struct virtqueue *q, uint16_t head, enum direction direction, struct iovec *iov,
                                uint16_t max, uint16_t *readable, struct vq_chain *c)
{
    uint16_t index = head;
    bool writable = direction == WRITABLE;
    *readable = 0;
    *c = (struct vq_chain){.head = head};
    for (;;) {
        if (index >= q->size)
            return "a descriptor's number is beyond the queue";
        if (c->n == max || c->n == q->size)
            return "a chain of descriptors is too long or a loop";
        const struct vring_desc *d = &q->desc[index];
        uint64_t addr = FETCH(d->addr);
        uint32_t len = FETCH(d->len);
        uint16_t flags = FETCH(d->flags), next = FETCH(d->next);
        if (flags & ~(VRING_DESC_F_NEXT | VRING_DESC_F_WRITE))
            return "a descriptor has flags that were not agreed on";
        if (direction == BOTH && flags & VRING_DESC_F_WRITE)
            writable = true; /* from here on */
        if (!(flags & VRING_DESC_F_WRITE) == writable)
            return "a descriptor has the wrong direction";
        *readable += !writable;
        uint64_t offset = addr - q->buffers.at.va; /* huge when it is below them */
        if (!len || offset >= q->buffers.size || len > q->buffers.size - offset)
            return "a descriptor is empty or lies outside the declared buffers";
        iov[c->n++] = (struct iovec){q->buffers.host + offset, len};
        c->bytes += len;
        if (!(flags & VRING_DESC_F_NEXT))
            return NULL;
        index = next;
    }
}

static enum vq_result fetch_chain(struct virtqueue *q, enum direction direction, struct iovec *iov, uint16_t max,
                                  uint16_t *readable, struct vq_chain *c, const char **why)
{
    if (!vq_has_more(q))
        return VQ_EMPTY;
    if ((uint16_t)(q->seen_avail - q->next_avail) > q->size) {
        *why = "more buffers are available than the queue has";
        return VQ_BROKEN;
    }
    uint16_t head = FETCH(q->avail->ring[q->next_avail & (q->size - 1)]);
    *why = follow_chain(q, head, direction, iov, max, readable, c);
    if (*why)
        return VQ_BROKEN;
    q->next_avail++;
    return VQ_OK;
}

enum vq_result vq_fetch(struct virtqueue *q, bool writable, struct iovec *iov, uint16_t max, struct vq_chain *c,
                        const char **why)
{
    uint16_t readable;
    return fetch_chain(q, writable ? WRITABLE : READABLE, iov, max, &readable, c, why);
}

enum vq_result vq_fetch_both(struct virtqueue *q, struct iovec *iov, uint16_t max, uint16_t *readable,
                             struct vq_chain *c, const char **why)
{
    return fetch_chain(q, BOTH, iov, max, readable, c, why);
}

void vq_push(struct virtqueue *q, uint16_t head, uint32_t written)
{
    struct vring_used_elem *e = &q->used->ring[q->next_used & (q->size - 1)];
    STORE(e->id, head);
    STORE(e->len, written);
    q->next_used++;
}

void vq_publish(struct virtqueue *q)
{
    __atomic_store_n(&q->used->idx, q->next_used, __ATOMIC_RELEASE);
    atomic_store_explicit(&q->published, q->next_used, memory_order_relaxed);
}

/* The device's event index lies behind the used ring, the driver's behind the avail ring. */
static uint16_t *avail_event(const struct virtqueue *q)
{
    return (uint16_t *)&q->used->ring[q->size];
}

bool vq_want_kick(struct virtqueue *q)
{
    if (q->event_idx)
        STORE(*avail_event(q), q->next_avail);
    else
        STORE(q->used->flags, 0);
    atomic_thread_fence(memory_order_seq_cst); /* either the driver sees the wish, or we see its buffer */
    return vq_has_more(q);
}

void vq_no_kick(struct virtqueue *q)
{
    if (!q->event_idx) /* else the event index, which stays where it is, asks for nothing */
        STORE(q->used->flags, VRING_USED_F_NO_NOTIFY);
}

bool vq_wants_wake(const struct virtqueue *q)
{
    if (!q->event_idx)
        return !(FETCH(q->avail->flags) & VRING_AVAIL_F_NO_INTERRUPT);
    uint16_t used_event = FETCH(q->avail->ring[q->size]);
    uint16_t published = atomic_load_explicit(&q->published, memory_order_relaxed);
    return (int16_t)(published - used_event) > 0;
}
