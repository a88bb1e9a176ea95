/* The guest's virtqueue driver against a device made here: order, chains, event index, a device that misbehaves.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <bh/virtqueue.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { SIZE = 16, ALIGN = 64, ROUNDS = 200000, DEPTH = 4 };

/* The device's side of the queue, with cursors of its own. */
struct device {
    struct vring ring;
    uint16_t avail_seen, used_next;
    uint16_t taken[SIZE]; /* heads it has, not yet returned */
    uint32_t n_taken;
};

struct bench {
    struct virtqueue q;
    struct device d;
    void *memory, *private_memory;
};

static void setup(struct bench *b, bool event_index)
{
    size_t bytes = (vring_size(SIZE, ALIGN) + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    b->memory = aligned_alloc(ALIGN, bytes);
    b->private_memory = malloc(VQ_PRIVATE(SIZE));
    memset(b->memory, 0, bytes);
    memset(&b->d, 0, sizeof(b->d));
    vring_init(&b->d.ring, SIZE, b->memory, ALIGN);
    vq_init(&b->q, &b->d.ring, b->private_memory, event_index);
}

static void teardown(struct bench *b)
{
    free(b->memory);
    free(b->private_memory);
}

static void device_fetch(struct device *d)
{
    while (d->avail_seen != d->ring.avail->idx)
        d->taken[d->n_taken++] = d->ring.avail->ring[d->avail_seen++ % SIZE];
}

static void device_return(struct device *d, uint32_t which, uint32_t written)
{
    uint16_t head = d->taken[which];
    memmove(d->taken + which, d->taken + which + 1, (d->n_taken - which - 1) * sizeof(*d->taken));
    d->n_taken--;
    d->ring.used->ring[d->used_next % SIZE] = (struct vring_used_elem){head, written};
    d->ring.used->idx = ++d->used_next;
}

/* Walks a chain as a device does: every buffer as it was given. */
static uint32_t device_walk(const struct device *d, uint16_t head, struct vq_buffer *to)
{
    uint32_t n = 0;
    for (uint16_t at = head;; at = d->ring.desc[at].next) {
        const struct vring_desc *desc = &d->ring.desc[at];
        to[n++] = (struct vq_buffer){(void *)(uintptr_t)desc->addr, desc->len, desc->flags & VRING_DESC_F_WRITE};
        if (!(desc->flags & VRING_DESC_F_NEXT) || n == SIZE)
            return n;
    }
}

/* Random chains, returned out of order. What is in flight is remembered per head. */
static void test_random(void)
{
    static struct vq_buffer sent[SIZE][DEPTH];
    static uint32_t lengths[SIZE], written[SIZE];
    struct bench b;
    uint32_t in_flight = 0, used_descriptors = 0;
    setup(&b, true);
    srand(1);
    for (int round = 0; round < ROUNDS; round++) {
        if (rand() % 2) {
            struct vq_buffer chain[DEPTH];
            uint32_t n = 1 + (uint32_t)rand() % DEPTH;
            for (uint32_t i = 0; i < n; i++)
                chain[i] = (struct vq_buffer){(void *)(uintptr_t)(0x1000 + (unsigned)rand()),
                                              1 + (uint32_t)rand() % 9000, i >= n / 2};
            uint16_t head = vq_add(&b.q, chain, n);
            CHECK((head == VQ_NONE) == (used_descriptors + n > SIZE));
            if (head != VQ_NONE) {
                memcpy(sent[head], chain, n * sizeof(*chain));
                lengths[head] = n;
                used_descriptors += n;
                in_flight++;
            }
            vq_publish(&b.q);
        } else if (rand() % 2) {
            device_fetch(&b.d);
            if (b.d.n_taken) {
                uint32_t which = (uint32_t)rand() % b.d.n_taken;
                uint16_t head = b.d.taken[which];
                struct vq_buffer seen[SIZE];
                CHECK(device_walk(&b.d, head, seen) == lengths[head]);
                for (uint32_t i = 0; i < lengths[head]; i++)
                    CHECK(seen[i].data == sent[head][i].data && seen[i].size == sent[head][i].size &&
                          seen[i].writable == sent[head][i].writable);
                written[head] = (uint32_t)rand();
                device_return(&b.d, which, written[head]);
            }
        } else {
            uint16_t head;
            uint32_t n, bytes;
            enum vq_taken taken = vq_take(&b.q, &head, &n, &bytes);
            CHECK(taken != VQ_BROKEN);
            if (taken == VQ_CHAIN) {
                CHECK(n == lengths[head] && bytes == written[head]);
                uint16_t at = head;
                for (uint32_t i = 1; i < n; i++)
                    at = vq_next(&b.q, at);
                CHECK(at < SIZE);
                used_descriptors -= n;
                in_flight--;
            }
        }
        CHECK(b.q.n_free == SIZE - used_descriptors);
    }
    CHECK(in_flight <= SIZE);
    teardown(&b);
}

/* A kick exactly when the published range passes the device's event index, also across the wrap of 16 bits. */
static void test_kicks(void)
{
    static const char data[1];
    struct vq_buffer one = {data, 1, false};
    struct bench b;
    setup(&b, true);
    CHECK(!vq_publish(&b.q)); /* nothing added */
    for (uint32_t i = 0; i < 70000; i++) {
        bool wants = i % 3 == 0;
        vring_avail_event(&b.d.ring) = (uint16_t)(wants ? i : i + 5);
        uint16_t head = vq_add(&b.q, &one, 1);
        CHECK(head != VQ_NONE);
        CHECK(vq_publish(&b.q) == wants);
        device_fetch(&b.d);
        device_return(&b.d, 0, 0);
        uint32_t n, bytes;
        CHECK(vq_take(&b.q, &head, &n, &bytes) == VQ_CHAIN);
    }
    /* Several at once: one kick if the index lies anywhere in the range. */
    uint16_t now = b.q.avail_next;
    vring_avail_event(&b.d.ring) = (uint16_t)(now + 2);
    for (int i = 0; i < 4; i++)
        vq_add(&b.q, &one, 1);
    CHECK(vq_publish(&b.q));
    teardown(&b);

    setup(&b, false); /* without the feature: the flag decides */
    vq_add(&b.q, &one, 1);
    CHECK(vq_publish(&b.q));
    b.d.ring.used->flags = VRING_USED_F_NO_NOTIFY;
    vq_add(&b.q, &one, 1);
    CHECK(!vq_publish(&b.q));
    teardown(&b);
}

/* "Wake me" is written where the device looks, and what came meanwhile is not missed. */
static void test_notifications(void)
{
    static char data[1];
    struct vq_buffer one = {data, 1, true};
    struct bench b;
    setup(&b, true);
    vq_add(&b.q, &one, 1);
    vq_add(&b.q, &one, 1);
    vq_publish(&b.q);
    CHECK(!vq_want_notification(&b.q, 0));
    CHECK(vring_used_event(&b.d.ring) == 0);
    device_fetch(&b.d);
    device_return(&b.d, 0, 1);
    CHECK(vring_need_event(vring_used_event(&b.d.ring), b.d.used_next, (uint16_t)(b.d.used_next - 1)));
    CHECK(vq_want_notification(&b.q, 0)); /* there is something already */
    uint16_t head;
    uint32_t n, bytes;
    CHECK(vq_take(&b.q, &head, &n, &bytes) == VQ_CHAIN && vq_take(&b.q, &head, &n, &bytes) == VQ_EMPTY);
    CHECK(!vq_want_notification(&b.q, 5) && vring_used_event(&b.d.ring) == 6);
    teardown(&b);
}

/* Heads that the driver did not give, or gave and got back already. */
static void test_broken_device(void)
{
    static char data[1];
    struct vq_buffer chain[2] = {{data, 1, true}, {data, 1, true}};
    static const uint32_t wrong[] = {SIZE, 0xffffffff, 1 /* second of the chain */, 7 /* free */};
    uint16_t head;
    uint32_t n, bytes;
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct bench b;
        setup(&b, true);
        CHECK(vq_add(&b.q, chain, 2) == 0);
        vq_publish(&b.q);
        b.d.ring.used->ring[0] = (struct vring_used_elem){wrong[i], 1};
        b.d.ring.used->idx = 1;
        CHECK(vq_take(&b.q, &head, &n, &bytes) == VQ_BROKEN);
        /* The driver's own chain is not followed through shared memory. */
        b.d.ring.desc[0].next = 9;
        b.d.ring.desc[1].flags = VRING_DESC_F_NEXT;
        b.d.ring.used->ring[1] = (struct vring_used_elem){0, 1};
        b.d.ring.used->idx = 2;
        CHECK(vq_take(&b.q, &head, &n, &bytes) == VQ_CHAIN && head == 0 && n == 2);
        b.d.ring.used->ring[2] = (struct vring_used_elem){0, 1}; /* twice */
        b.d.ring.used->idx = 3;
        CHECK(vq_take(&b.q, &head, &n, &bytes) == VQ_BROKEN);
        CHECK(b.q.n_free == SIZE);
        teardown(&b);
    }
}

int main(void)
{
    RUN(test_random);
    RUN(test_kicks);
    RUN(test_notifications);
    RUN(test_broken_device);
    return CHECK_RESULT();
}
