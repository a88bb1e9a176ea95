/* Fuzzer: a hostile driver. The input is what it writes into its memory, and when the device looks.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * What must hold: the device touches nothing outside the declared buffers and the rings, does a
 * bounded amount of work, and either serves the driver or forgets it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/net_rig.h"

static const uint8_t *data;
static size_t left;

static uint32_t take(unsigned bytes)
{
    uint32_t value = 0;
    for (; bytes && left; bytes--, left--)
        value = value << 8 | *data++;
    return value;
}

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* A descriptor that is nearly right, or rubbish. */
static void write_descriptor(struct vring *r, uint8_t kind)
{
    struct vring_desc d = {
        .addr = RIG_VA + RIG_BUF + take(2), .len = take(2), .flags = take(1) & 3, .next = take(1) % RIG_SIZE};
    if (kind & 0x80) {
        d.addr ^= (uint64_t)take(4) << 16;
        d.flags = (uint16_t)take(2);
        d.next = (uint16_t)take(2);
        d.len = take(4);
    }
    r->desc[take(1) % RIG_SIZE] = d;
}

static void write_header(void)
{
    const struct virtio_net_hdr_v1 h = {.flags = (uint8_t)take(1),
                                        .gso_type = take(1) & 7,
                                        .gso_size = (uint16_t)take(2),
                                        .csum_start = (uint16_t)take(1),
                                        .csum_offset = (uint16_t)take(1)};
    memcpy(rig.host + RIG_BUF + take(2), &h, sizeof(h));
}

static void make_available(struct vring *r)
{
    r->avail->ring[r->avail->idx % RIG_SIZE] = (uint16_t)take(1);
    r->avail->idx = (uint16_t)(r->avail->idx + 1);
}

static void deliver(void)
{
    static uint8_t frame[NET_FRAME_MAX];
    const struct virtio_net_hdr_v1 h = {0};
    uint32_t bytes = take(2);
    bytes = bytes < NET_FRAME_MIN ? NET_FRAME_MIN : bytes;
    struct iovec iov[NET_RX_IOV];
    if (bytes & 1) {
        net_deliver(&rig.n, &h, frame, bytes);
        return;
    }
    unsigned count = net_room(&rig.n, iov, bytes);
    uint64_t sum = 0;
    for (unsigned i = 0; i < count; i++) {
        const uint8_t *at = iov[i].iov_base;
        require(at >= rig.host + RIG_BUF && at + iov[i].iov_len <= rig.host + RIG_BYTES);
        sum += iov[i].iov_len;
    }
    require(!count || sum >= bytes);
    if (count)
        net_received(&rig.n, bytes);
}

static void start(void)
{
    struct bh_net_setup s = rig_setup((1ull << VIRTIO_F_VERSION_1) | take(4));
    uint8_t field = (uint8_t)take(1);
    if (field < sizeof(s) / 8) { /* one field gone wrong */
        uint64_t value = (uint64_t)take(4) << 32 | take(4);
        memcpy((uint8_t *)&s + field * 8, &value, sizeof(value));
    }
    rig.n.resets = 0;
    atomic_store(&rig.n.state, NET_IDLE);
    rig_start(&s);
}

static void step(void)
{
    uint8_t kind = (uint8_t)take(1);
    struct vring *r = &rig.ring[kind >> 6 & 1];
    switch (kind & 7) {
    case 0:
        make_available(r);
        break;
    case 1:
        write_descriptor(r, kind);
        break;
    case 2:
        write_header();
        break;
    case 3:
        if (atomic_load(&rig.n.state) == NET_RUNNING)
            net_transmit(&rig.n);
        break;
    case 4:
        deliver();
        break;
    case 5:
        r->avail->idx = (uint16_t)take(2);
        break;
    case 6:
        net_may_park(&rig.n);
        break;
    default:
        rig.host[0x1000 + take(2) % (RIG_BUF - 0x1000)] = (uint8_t)take(1);
    }
    if (rig.n.broken) { /* forgotten, without a line about it */
        rig.n.broken = NULL;
        atomic_store(&rig.n.state, NET_IDLE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    if (!rig.host)
        rig_open();
    data = input;
    left = size;
    memset(rig.host + RIG_BUF, 0, 4096);
    rig.n.broken = NULL;
    start();
    while (left)
        step();
    return 0;
}
