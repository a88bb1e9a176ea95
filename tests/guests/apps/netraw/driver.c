/* The bare driver.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "driver.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include <bh/bulkhead.h>

struct driver driver;
uint8_t buffers[2][QUEUE][BUFFER] __attribute__((aligned(4096)));
static uint8_t rings[2][8192] __attribute__((aligned(4096)));

/* used->idx and the event index behind the used ring are written by the device. */
static uint16_t used_index(const struct queue *q)
{
    return __atomic_load_n(&q->ring.used->idx, __ATOMIC_ACQUIRE);
}

static uint16_t avail_event(const struct vring *r)
{
    const void *at = &r->used->ring[QUEUE];
    return __atomic_load_n((const uint16_t *)at, __ATOMIC_RELAXED);
}

/* Adds descriptor `id` to the avail ring and kicks if the device asked for it. */
static void make_available(unsigned which, uint16_t id)
{
    struct vring *r = &driver.queue[which].ring;
    uint16_t old = r->avail->idx;
    r->avail->ring[old % QUEUE] = id;
    __atomic_store_n(&r->avail->idx, (uint16_t)(old + 1), __ATOMIC_RELEASE);
    atomic_thread_fence(memory_order_seq_cst); /* the buffer is seen, or we see the wish */
    bool kick = driver.features >> VIRTIO_RING_F_EVENT_IDX & 1
                    ? vring_need_event(avail_event(r), (uint16_t)(old + 1), old)
                    : !(*(volatile uint16_t *)&r->used->flags & VRING_USED_F_NO_NOTIFY);
    if (kick) {
        driver.kicks++;
        bh_core()->kick(which);
    }
}

/* Sleeps until the device has used something since q->last_used. False: `timeout` ns went by. */
static bool wait_used(struct queue *q, uint64_t timeout)
{
    uint64_t start = bh_now();
    while (used_index(q) == q->last_used) {
        /* The wish to be woken, for when the VM parks: it parks only if nothing was used since. */
        *(volatile uint16_t *)&vring_used_event(&q->ring) = q->last_used;
        uint64_t gone = bh_now() - start;
        if (gone >= timeout)
            return false;
        driver.waits++;
        bh_core()->sleep(q, timeout == BH_FOREVER ? BH_FOREVER : timeout - gone);
    }
    return true;
}

static void lend(uint16_t id)
{
    driver.queue[RX].ring.desc[id] =
        (struct vring_desc){.addr = (uint64_t)buffers[RX][id], .len = BUFFER, .flags = VRING_DESC_F_WRITE};
    make_available(RX, id);
}

struct bh_net_setup driver_setup(uint64_t features)
{
    struct bh_net_setup s = {.features = features, .buffers = (uint64_t)buffers, .buffers_size = sizeof(buffers)};
    memset(rings, 0, sizeof(rings));
    for (unsigned i = 0; i < 2; i++) {
        struct queue *q = &driver.queue[i];
        vring_init(&q->ring, QUEUE, rings[i], 4096);
        q->last_used = 0;
        s.queue[i].desc = (uint64_t)q->ring.desc;
        s.queue[i].avail = (uint64_t)q->ring.avail;
        s.queue[i].used = (uint64_t)q->ring.used;
        s.queue[i].size = QUEUE;
    }
    driver.features = features;
    driver.boot = (const void *)((const char *)bh_boot() + bh_boot()->net_off);
    return s;
}

long driver_start(uint64_t features)
{
    static bool watched;
    struct bh_net_setup s = driver_setup(features);
    if (!watched) {
        watched = true;
        for (unsigned i = 0; i < 2; i++)
            bh_core()->watch(&driver.queue[i].ring.used->idx, &driver.queue[i]);
    }
    long error = bh_core()->net_start(&s);
    for (uint16_t i = 0; !error && i < QUEUE; i++)
        lend(i);
    return error;
}

void driver_send(const struct virtio_net_hdr_v1 *h, const void *frame, uint32_t bytes)
{
    struct queue *q = &driver.queue[TX];
    static uint16_t sent;
    if (q->ring.avail->idx == 0)
        sent = 0;
    while ((uint16_t)(sent - q->last_used) == QUEUE) {
        wait_used(q, BH_FOREVER);
        q->last_used = used_index(q);
    }
    uint16_t id = sent++ % QUEUE; /* the device uses this queue in order; so do we */
    memcpy(buffers[TX][id], h, sizeof(*h));
    memcpy(buffers[TX][id] + HEADER, frame, bytes);
    q->ring.desc[id] = (struct vring_desc){.addr = (uint64_t)buffers[TX][id], .len = HEADER + bytes};
    make_available(TX, id);
}

uint32_t driver_receive(struct virtio_net_hdr_v1 *h, uint8_t *frame, uint32_t size, uint64_t timeout)
{
    struct queue *q = &driver.queue[RX];
    uint32_t bytes = 0, parts = 1;
    if (!wait_used(q, timeout))
        return 0;
    for (uint32_t i = 0; i < parts; i++) { /* all parts of a frame are published at once */
        struct vring_used_elem e = q->ring.used->ring[q->last_used % QUEUE];
        const uint8_t *from = buffers[RX][e.id];
        uint32_t skip = 0;
        if (i == 0) {
            memcpy(h, from, sizeof(*h));
            parts = h->num_buffers;
            skip = HEADER;
        }
        if (bytes + e.len - skip <= size)
            memcpy(frame + bytes, from + skip, e.len - skip);
        bytes += e.len - skip;
        q->last_used++;
        lend((uint16_t)e.id);
    }
    return bytes;
}
