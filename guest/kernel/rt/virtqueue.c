/* The driver's side of a split virtqueue.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <bh/virtqueue.h>

#include <stdatomic.h>
#include <string.h>

void vq_init(struct virtqueue *q, const struct vring *ring, void *private_memory, bool event_index)
{
    uint32_t size = ring->num;
    memset(q, 0, sizeof(*q));
    memset(private_memory, 0, VQ_PRIVATE(size));
    q->ring = *ring;
    q->event_index = event_index;
    q->next = private_memory;
    q->head = (bool *)(q->next + size);
    for (uint32_t i = 0; i < size; i++)
        q->next[i] = i + 1 < size ? (uint16_t)(i + 1) : VQ_NONE;
    q->n_free = (uint16_t)size;
}

uint16_t vq_add(struct virtqueue *q, const struct vq_buffer *buffers, uint32_t n)
{
    if (n == 0 || n > q->n_free)
        return VQ_NONE;
    uint16_t head = q->free_head, at = head, last = head;
    for (uint32_t i = 0; i < n; i++) {
        struct vring_desc *d = &q->ring.desc[at];
        d->addr = (uint64_t)(uintptr_t)buffers[i].data;
        d->len = buffers[i].size;
        d->flags = (uint16_t)((i + 1 < n ? VRING_DESC_F_NEXT : 0) | (buffers[i].writable ? VRING_DESC_F_WRITE : 0));
        d->next = i + 1 < n ? q->next[at] : 0;
        last = at;
        at = q->next[at];
    }
    q->next[last] = VQ_NONE;
    q->free_head = at;
    q->n_free = (uint16_t)(q->n_free - n);
    q->head[head] = true;
    q->ring.avail->ring[q->avail_next++ & (q->ring.num - 1)] = head;
    return head;
}

bool vq_publish(struct virtqueue *q)
{
    if (q->kicked == q->avail_next)
        return false;
    __atomic_store_n(&q->ring.avail->idx, q->avail_next, __ATOMIC_RELEASE);
    /* Pairs with the device, which writes its event index and then reads idx. */
    atomic_thread_fence(memory_order_seq_cst);
    uint16_t old = q->kicked;
    q->kicked = q->avail_next;
    if (!q->event_index)
        return !(__atomic_load_n(&q->ring.used->flags, __ATOMIC_RELAXED) & VRING_USED_F_NO_NOTIFY);
    uint16_t event = __atomic_load_n(&vring_avail_event(&q->ring), __ATOMIC_RELAXED);
    return vring_need_event(event, q->avail_next, old);
}

bool vq_has_used(const struct virtqueue *q)
{
    return __atomic_load_n(&q->ring.used->idx, __ATOMIC_ACQUIRE) != q->used_seen;
}

enum vq_taken vq_take(struct virtqueue *q, uint16_t *head, uint32_t *n, uint32_t *written)
{
    if (!vq_has_used(q))
        return VQ_EMPTY;
    const volatile struct vring_used_elem *element = &q->ring.used->ring[q->used_seen & (q->ring.num - 1)];
    uint32_t id = element->id;
    *written = element->len;
    q->used_seen++;
    if (id >= q->ring.num || !q->head[id])
        return VQ_BROKEN;
    q->head[id] = false;
    uint16_t last = (uint16_t)id;
    *n = 1;
    while (q->next[last] != VQ_NONE) {
        last = q->next[last];
        ++*n;
    }
    q->next[last] = q->free_head;
    q->free_head = (uint16_t)id;
    q->n_free = (uint16_t)(q->n_free + *n);
    *head = (uint16_t)id;
    return VQ_CHAIN;
}

bool vq_want_notification(struct virtqueue *q, uint16_t more)
{
    if (!q->event_index)
        return false;
    __atomic_store_n(&vring_used_event(&q->ring), (uint16_t)(q->used_seen + more), __ATOMIC_RELAXED);
    atomic_thread_fence(memory_order_seq_cst);
    return vq_has_used(q);
}
