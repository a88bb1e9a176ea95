/* The network device's queues, with an honest driver and with hostile ones.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "unit/check.h"
#include "unit/net_rig.h"
#include "vmm/kvm/memory.h"

#define F(name) (1ull << VIRTIO_NET_F_##name)
#define BASE    (1ull << VIRTIO_F_VERSION_1)
#define EVENTS  (1ull << VIRTIO_RING_F_EVENT_IDX)
#define OFFLOAD (BASE | EVENTS | F(CSUM) | F(HOST_TSO4) | F(HOST_TSO6) | F(MRG_RXBUF))

enum { RX = 0, TX = 1 };

static uint64_t buffer(unsigned i)
{
    return RIG_VA + RIG_BUF + 2048ull * i;
}

static uint8_t *bytes_of(unsigned i)
{
    return rig.host + RIG_BUF + 2048ull * i;
}

static void begin(uint64_t features)
{
    rig.n.resets = 0;
    rig.n.broken = NULL;
    rig.frames = 0;
    rig.stats = (struct vm_stats){0};
    atomic_store(&rig.n.state, NET_IDLE);
    struct bh_net_setup s = rig_setup(features);
    CHECK(rig_start(&s) == 0);
}

static void offer(unsigned queue, uint16_t head)
{
    struct vring *r = &rig.ring[queue];
    r->avail->ring[r->avail->idx % RIG_SIZE] = head;
    r->avail->idx++;
}

static void descriptor(unsigned queue, uint16_t i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
    rig.ring[queue].desc[i] = (struct vring_desc){addr, len, flags, next};
}

/* ---- Honest ---- */

static void frames_go_out_in_order_and_indices_wrap(void)
{
    begin(OFFLOAD);
    for (uint32_t i = 0; i < 70000; i++) {
        uint16_t d = (uint16_t)(i * 7 % RIG_SIZE);
        memset(bytes_of(0), 0, 12);
        memset(bytes_of(0) + 12, (int)(i & 0xff), 60);
        descriptor(TX, d, buffer(0), 72, 0, 0);
        offer(TX, d);
        CHECK(net_transmit(&rig.n) && rig.frames == i + 1 && rig.bytes == 60);
        CHECK(rig.frame[59] == (i & 0xff));
        const struct vring_used *u = rig.ring[TX].used;
        CHECK(u->idx == (uint16_t)(i + 1) && u->ring[i % RIG_SIZE].id == d);
    }
    CHECK(!net_transmit(&rig.n) && !rig.n.broken);
    CHECK(rig.stats.tx_frames == 70000 && rig.stats.tx_bytes == 70000 * 60 && !rig.stats.tx_drops);
}

static void chains_are_gathered(void)
{
    begin(OFFLOAD);
    /* The header itself is in pieces. */
    descriptor(TX, 3, buffer(0), 5, VRING_DESC_F_NEXT, 9);
    descriptor(TX, 9, buffer(1), 8, VRING_DESC_F_NEXT, 0);
    descriptor(TX, 0, buffer(2), 30, VRING_DESC_F_NEXT, 4);
    descriptor(TX, 4, buffer(3), 1, 0, 0);
    memset(bytes_of(0), 0, 5);
    memset(bytes_of(1), 0, 7);
    bytes_of(1)[7] = 0x11;
    memset(bytes_of(2), 0x22, 30);
    bytes_of(3)[0] = 0x33;
    offer(TX, 3);
    CHECK(net_transmit(&rig.n) && rig.frames == 1 && rig.bytes == 32);
    CHECK(rig.frame[0] == 0x11 && rig.frame[1] == 0x22 && rig.frame[31] == 0x33);
}

static void a_batch_is_bounded(void)
{
    begin(OFFLOAD);
    descriptor(TX, 0, buffer(0), 72, 0, 0);
    memset(bytes_of(0), 0, 72);
    for (unsigned i = 0; i < RIG_SIZE; i++)
        offer(TX, 0);
    CHECK(net_transmit(&rig.n) && rig.frames == RIG_SIZE && rig.frames <= NET_BATCH);
}

static void lend(unsigned i, uint32_t len)
{
    descriptor(RX, (uint16_t)i, buffer(i), len, VRING_DESC_F_WRITE, 0);
    offer(RX, (uint16_t)i);
}

static void frames_come_in(void)
{
    const struct virtio_net_hdr_v1 h = {.flags = VIRTIO_NET_HDR_F_DATA_VALID};
    uint8_t frame[3000];
    for (unsigned i = 0; i < sizeof(frame); i++)
        frame[i] = (uint8_t)(i * 31);
    begin(OFFLOAD);
    CHECK(!net_deliver(&rig.n, &h, frame, 100) && rig.n.starved);
    lend(0, 1000);
    CHECK(!net_deliver(&rig.n, &h, frame, 3000) && rig.n.starved);
    CHECK(rig.ring[RX].used->idx == 0);
    lend(1, 1500);
    lend(2, 2000);
    lend(3, 2000);
    CHECK(net_deliver(&rig.n, &h, frame, 3000) && !rig.n.starved);
    const struct vring_used *u = rig.ring[RX].used;
    struct virtio_net_hdr_v1 got;
    memcpy(&got, bytes_of(0), sizeof(got));
    CHECK(u->idx == 3 && got.num_buffers == 3 && got.flags == h.flags);
    CHECK(u->ring[0].len == 1000 && u->ring[1].len == 1500 && u->ring[2].len == 512);
    CHECK(!memcmp(bytes_of(0) + 12, frame, 988) && !memcmp(bytes_of(1), frame + 988, 1500));
    CHECK(!memcmp(bytes_of(2), frame + 2488, 512));
    CHECK(net_deliver(&rig.n, &h, frame, 1988) && u->idx == 4 && u->ring[3].len == 2000);
    CHECK(rig.stats.rx_frames == 2 && rig.stats.rx_bytes == 3000 + 1988 && !rig.stats.rx_drops);
}

static void without_merging_a_frame_needs_one_buffer(void)
{
    const struct virtio_net_hdr_v1 h = {0};
    static uint8_t frame[3000];
    begin(BASE);
    lend(0, 2000);
    lend(1, 2000);
    CHECK(net_deliver(&rig.n, &h, frame, 3000) && !rig.n.starved); /* dropped */
    CHECK(rig.ring[RX].used->idx == 0 && net_deliver(&rig.n, &h, frame, 1988));
    CHECK(rig.ring[RX].used->idx == 1 && rig.stats.rx_drops == 1 && rig.stats.rx_frames == 1);
}

static void scattered_receive_buffers(void)
{
    const struct virtio_net_hdr_v1 h = {0};
    uint8_t frame[100];
    memset(frame, 0x5a, sizeof(frame));
    begin(OFFLOAD);
    descriptor(RX, 5, buffer(0), 12, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 6);
    descriptor(RX, 6, buffer(1), 40, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 7);
    descriptor(RX, 7, buffer(2), 2000, VRING_DESC_F_WRITE, 0);
    offer(RX, 5);
    CHECK(net_deliver(&rig.n, &h, frame, 100));
    CHECK(bytes_of(1)[0] == 0x5a && bytes_of(2)[59] == 0x5a && bytes_of(2)[60] != 0x5a);
    CHECK(rig.ring[RX].used->ring[0].id == 5 && rig.ring[RX].used->ring[0].len == 112);
}

/* A queue that can never hold the frame must not hold up the others. */
static void frame_larger_than_all_buffers_is_dropped(void)
{
    const struct virtio_net_hdr_v1 h = {0};
    static uint8_t frame[NET_FRAME_MAX];
    begin(OFFLOAD);
    for (unsigned i = 0; i < RIG_SIZE; i++)
        lend(i, 2000);
    CHECK(net_deliver(&rig.n, &h, frame, NET_FRAME_MAX) && !rig.n.starved);
    CHECK(rig.ring[RX].used->idx == 0 && net_deliver(&rig.n, &h, frame, 60));
    CHECK(rig.stats.rx_drops == 1 && rig.stats.rx_frames == 1);
}

static void event_indices(void)
{
    struct virtqueue *q = &rig.n.tx;
    begin(OFFLOAD);
    struct vring *r = &rig.ring[TX];
    descriptor(TX, 0, buffer(0), 72, 0, 0);
    memset(bytes_of(0), 0, 72);
    offer(TX, 0);
    CHECK(vq_want_kick(q) && vring_avail_event(r) == 0);
    net_transmit(&rig.n);
    CHECK(!vq_want_kick(q) && vring_avail_event(r) == 1);
    CHECK(vring_need_event(vring_avail_event(r), 2, 1));
    vring_used_event(r) = 1; /* with the second */
    CHECK(!vq_wants_wake(q));
    offer(TX, 0);
    CHECK(vq_has_more(q));
    net_transmit(&rig.n);
    CHECK(vq_wants_wake(q));
    vring_used_event(r) = 2;
    CHECK(!vq_wants_wake(q));
    vring_used_event(r) = 0xfff0; /* long past */
    CHECK(vq_wants_wake(q));
}

static void flags_instead_of_event_indices(void)
{
    begin(BASE);
    struct vring *r = &rig.ring[TX];
    vq_no_kick(&rig.n.tx);
    CHECK(r->used->flags == VRING_USED_F_NO_NOTIFY && !vq_want_kick(&rig.n.tx));
    CHECK(r->used->flags == 0 && vq_wants_wake(&rig.n.tx));
    r->avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
    CHECK(!vq_wants_wake(&rig.n.tx));
}

static uint64_t rung(void)
{
    uint64_t count = 0;
    return read(rig.n.vm_notify, &count, sizeof(count)) > 0 ? count : 0;
}

static void parking(void)
{
    const struct virtio_net_hdr_v1 h = {0};
    static uint8_t frame[60];
    struct net *n = &rig.n;
    CHECK(net_may_park(NULL));
    begin(OFFLOAD);
    rung();
    for (unsigned i = 0; i < 8; i++)
        lend(i, 2000);
    CHECK(net_may_park(n));
    net_unpark(n);
    CHECK(net_deliver(n, &h, frame, 60) && rung() == 0); /* awake: it will look */
    CHECK(!net_may_park(n) && !atomic_load(&n->parked)); /* it has not seen it */
    CHECK(net_may_park(n));                              /* told once */
    vring_used_event(&rig.ring[RX]) = 1;
    CHECK(net_deliver(n, &h, frame, 60) && rung() == 1 && !atomic_load(&n->parked));
    CHECK(net_deliver(n, &h, frame, 60) && rung() == 0); /* once is enough */
    net_unpark(n);
    vring_used_event(&rig.ring[RX]) = 3; /* it has seen all */
    CHECK(net_may_park(n));
    vring_used_event(&rig.ring[RX]) = 4; /* not with the next one */
    CHECK(net_deliver(n, &h, frame, 60) && rung() == 0 && atomic_load(&n->parked));
    CHECK(net_deliver(n, &h, frame, 60) && rung() == 1);
}

/* ---- Checksums ---- */

static uint16_t slow_checksum(const uint8_t *at, size_t bytes)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < bytes; i++) {
        sum += i & 1 ? at[i] : (uint32_t)at[i] << 8;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

static void checksums_are_completed(void)
{
    uint8_t frame[1600];
    uint32_t random = 1;
    for (unsigned n = 0; n < 3000; n++) {
        size_t bytes = 40 + n % 1500;
        for (size_t i = 0; i < bytes; i++) {
            random = random * 1664525 + 1013904223;
            frame[i] = (uint8_t)(random >> 24);
        }
        struct virtio_net_hdr_v1 h = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                      .csum_start = (uint16_t)(14 + n % 20),
                                      .csum_offset = (uint16_t)(n % 5)};
        CHECK(frame_header_good(&h, OFFLOAD, bytes));
        uint16_t expected = slow_checksum(frame + h.csum_start, bytes - h.csum_start);
        frame_complete_checksum(&h, frame, bytes);
        const uint8_t *at = frame + h.csum_start + h.csum_offset;
        CHECK((at[0] << 8 | at[1]) == (expected ? expected : 0xffff));
    }
}

static void headers(void)
{
    const struct virtio_net_hdr_v1 plain = {0}, c = {.flags = 1, .csum_start = 34, .csum_offset = 16};
    struct virtio_net_hdr_v1 h = plain;
    CHECK(frame_header_good(&h, BASE, 14) && !frame_header_good(&h, BASE, 13));
    CHECK(!frame_header_good(&h, BASE, NET_FRAME_MAX + 1));
    h.flags = 0x80;
    CHECK(!frame_header_good(&h, OFFLOAD, 60));
    h = c;
    CHECK(frame_header_good(&h, OFFLOAD, 52) && !frame_header_good(&h, OFFLOAD, 51));
    CHECK(!frame_header_good(&h, BASE, 60)); /* not agreed on */
    h.csum_start = h.csum_offset = 0xffff;
    CHECK(!frame_header_good(&h, OFFLOAD, NET_FRAME_MAX));
    h = c;
    h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
    CHECK(!frame_header_good(&h, OFFLOAD, 3000)); /* into segments of 0 */
    h.gso_size = 1460;
    CHECK(frame_header_good(&h, OFFLOAD, 3000) && !frame_header_good(&h, BASE | F(CSUM), 3000));
    h.flags = 0;
    CHECK(!frame_header_good(&h, OFFLOAD, 3000));
    h = c;
    h.gso_size = 1460;
    h.gso_type = VIRTIO_NET_HDR_GSO_UDP;
    CHECK(!frame_header_good(&h, OFFLOAD, 3000));
}

/* ---- Hostile ---- */

static void broken_by(void (*how)(void))
{
    begin(OFFLOAD);
    memset(bytes_of(0), 0, 2048);
    how();
    net_transmit(&rig.n);
    CHECK(rig.n.broken && rig.frames == 0);
    net_transmit(&rig.n); /* and nothing more happens */
    CHECK(rig.frames == 0);
    rig_settle();
    CHECK(atomic_load(&rig.n.state) == NET_IDLE);
}

#define BROKEN(name, ...)  \
    static void name(void) \
    {                      \
        __VA_ARGS__        \
        offer(TX, 0);      \
    }
BROKEN(loop, descriptor(TX, 0, buffer(0), 20, VRING_DESC_F_NEXT, 0);)
BROKEN(long_loop, for (uint16_t i = 0; i < RIG_SIZE; i++) descriptor(TX, i, buffer(0), 20, 1, (i + 1) % RIG_SIZE);)
BROKEN(next_beyond, descriptor(TX, 0, buffer(0), 20, VRING_DESC_F_NEXT, RIG_SIZE);)
BROKEN(writable, descriptor(TX, 0, buffer(0), 20, VRING_DESC_F_WRITE, 0);)
BROKEN(indirect, descriptor(TX, 0, buffer(0), 32, VRING_DESC_F_INDIRECT, 0);)
BROKEN(unknown_flag, descriptor(TX, 0, buffer(0), 32, 0x8000, 0);)
BROKEN(empty, descriptor(TX, 0, buffer(0), 0, 0, 0);)
BROKEN(below, descriptor(TX, 0, RIG_VA, 20, 0, 0);)
BROKEN(behind, descriptor(TX, 0, RIG_VA + RIG_BYTES, 20, 0, 0);)
BROKEN(across_the_end, descriptor(TX, 0, RIG_VA + RIG_BYTES - 19, 20, 0, 0);)
BROKEN(wrapping, descriptor(TX, 0, ~0ull - 5, 20, 0, 0);)
BROKEN(huge, descriptor(TX, 0, buffer(0), 0xffffffff, 0, 0);)
BROKEN(null, descriptor(TX, 0, 0, 20, 0, 0);)
BROKEN(jump, rig.ring[TX].avail->idx = RIG_SIZE;)

static void head_beyond(void)
{
    offer(TX, RIG_SIZE);
}

static void broken_rings_reset_the_device(void)
{
    static void (*const ways[])(void) = {loop,         long_loop, next_beyond, writable, indirect,
                                         unknown_flag, empty,     below,       behind,   across_the_end,
                                         wrapping,     huge,      null,        jump,     head_beyond};
    for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++)
        broken_by(ways[i]);
}

static void broken_receive_rings(void)
{
    const struct virtio_net_hdr_v1 h = {0};
    static uint8_t frame[60];
    for (unsigned way = 0; way < 3; way++) {
        begin(OFFLOAD);
        descriptor(RX, 0, buffer(0), way == 1 ? 11 : 2000, way == 0 ? 0 : VRING_DESC_F_WRITE, 0);
        if (way == 2)
            rig.ring[RX].avail->idx = 1000;
        offer(RX, 0);
        CHECK(net_deliver(&rig.n, &h, frame, 60) && rig.n.broken && !rig.n.starved);
        CHECK(rig.ring[RX].used->idx == 0);
    }
}

static void odd_frames_are_dropped_but_used(void)
{
    begin(OFFLOAD);
    memset(bytes_of(0), 0xff, 2048);
    descriptor(TX, 0, buffer(0), 11, 0, 0);                  /* not even a header */
    descriptor(TX, 1, buffer(0), 12, 0, 0);                  /* no frame */
    descriptor(TX, 2, buffer(0), 25, 0, 0);                  /* less than an Ethernet header */
    descriptor(TX, 3, buffer(0), 100, 0, 0);                 /* nonsense in the header */
    descriptor(TX, 4, buffer(0), RIG_BYTES - RIG_BUF, 0, 0); /* too long */
    for (uint16_t i = 0; i < 5; i++)
        offer(TX, i);
    CHECK(net_transmit(&rig.n) && rig.frames == 0 && !rig.n.broken);
    CHECK(rig.ring[TX].used->idx == 5 && rig.stats.tx_drops == 5 && !rig.stats.tx_frames && !rig.stats.tx_bytes);
}

static int64_t start_with(struct bh_net_setup s)
{
    atomic_store(&rig.n.state, NET_IDLE);
    return rig_start(&s);
}

static void setups(void)
{
    rig.n.resets = 0;
    struct bh_net_setup good = rig_setup(OFFLOAD), s = good;
    CHECK(start_with(good) == 0 && rig_start(&good) == -EBUSY);
    CHECK(net_start(NULL, guest_va(0)) == -ENODEV && net_kick(NULL, 0) == -ENODEV);
    CHECK(net_kick(&rig.n, 1) == 0 && net_kick(&rig.n, 2) == -EINVAL);
    s.features = 0;
    CHECK(start_with(s) == -EINVAL);
    s.features = OFFLOAD | 1ull << 63;
    CHECK(start_with(s) == -EINVAL);
    s.features = BASE | F(HOST_TSO4);
    CHECK(start_with(s) == -EINVAL);
    s = good;
    s.queue[0].size = 3;
    CHECK(start_with(s) == -EINVAL);
    s = good;
    s.queue[1].avail |= 1;
    CHECK(start_with(s) == -EINVAL);
    s = good;
    s.queue[1].used = RIG_VA + RIG_BYTES - 64;
    CHECK(start_with(s) == -EFAULT);
    s = good;
    s.buffers_size++;
    CHECK(start_with(s) == -EFAULT);
    s = good;
    s.buffers = BH_COMPARTMENT_BASE(1) + BH_HEAP_OFF;
    CHECK(start_with(s) == -EFAULT);
    atomic_store(&rig.n.state, NET_IDLE);
    CHECK(net_start(&rig.n, guest_va(RIG_VA + RIG_BYTES - 8)) == -EFAULT && net_start(&rig.n, guest_va(0)) == -EFAULT);
    rig.n.resets = NET_RESETS_MAX;
    CHECK(start_with(good) == -ENODEV);
}

int main(void)
{
    rig_open();
    RUN(frames_go_out_in_order_and_indices_wrap);
    RUN(chains_are_gathered);
    RUN(a_batch_is_bounded);
    RUN(frames_come_in);
    RUN(without_merging_a_frame_needs_one_buffer);
    RUN(scattered_receive_buffers);
    RUN(frame_larger_than_all_buffers_is_dropped);
    RUN(event_indices);
    RUN(flags_instead_of_event_indices);
    RUN(parking);
    RUN(checksums_are_completed);
    RUN(headers);
    RUN(broken_rings_reset_the_device);
    RUN(broken_receive_rings);
    RUN(odd_frames_are_dropped_but_used);
    RUN(setups);
    memory_release(&rig.memory);
    return CHECK_RESULT();
}
