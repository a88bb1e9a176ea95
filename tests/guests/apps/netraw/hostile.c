/* A hostile driver: wrong setups must be refused, and broken rings must reset the device and nothing else.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bh/bulkhead.h>

#include "driver.h"
#include "netraw.h"

static int failures;

static void expect(const char *what, long got, long wanted)
{
    if (got != wanted) {
        printf("FAIL: %s: %ld, not %ld\n", what, got, wanted);
        failures++;
    }
}

static uint64_t offered(void)
{
    const struct bh_boot_net *b = (const void *)((const char *)bh_boot() + bh_boot()->net_off);
    return b->features;
}

static void refuse(const char *what, struct bh_net_setup s, long wanted)
{
    expect(what, bh_core()->net_start(&s), wanted);
}

static void wrong_setups(void)
{
    const struct bh_net_setup good = driver_setup(offered());
    struct bh_net_setup s = good;
    s.features |= 1ull << 60;
    refuse("unknown feature", s, -EINVAL);
    s = good;
    s.features &= ~(1ull << 32);
    refuse("legacy driver", s, -EINVAL);
    s = good;
    s.features &= ~(1ull << VIRTIO_NET_F_CSUM);
    refuse("TSO without checksums", s, -EINVAL);
    for (unsigned i = 0; i < 2; i++) {
        static const uint32_t sizes[] = {0, 3, 2048, 0x80000000, 0xffffffff};
        for (unsigned n = 0; n < sizeof(sizes) / sizeof(*sizes); n++) {
            s = good;
            s.queue[i].size = sizes[n];
            refuse("queue size", s, -EINVAL);
        }
        s = good;
        s.queue[i].desc++;
        refuse("alignment", s, -EINVAL);
        static const uint64_t places[] = {0,           BH_BOOTINFO_VA, BH_KERNEL_BASE,
                                          ~0ull << 12, BH_TLS_VA,      0x8000000000000000ull};
        for (unsigned n = 0; n < sizeof(places) / sizeof(*places); n++) {
            s = good;
            s.queue[i].used = places[n];
            refuse("place of a ring", s, -EFAULT);
            s = good;
            s.buffers = places[n];
            refuse("place of the buffers", s, -EFAULT);
        }
    }
    s = good;
    s.buffers = (uint64_t)&refuse & ~4095ull; /* code */
    refuse("buffers in code", s, -EFAULT);
    static const uint64_t lengths[] = {0, 1ull << 36, ~0ull};
    for (unsigned n = 0; n < sizeof(lengths) / sizeof(*lengths); n++) {
        s = good;
        s.buffers_size = lengths[n];
        refuse("length of the buffers", s, -EFAULT);
    }
    expect("setup at 0", bh_core()->net_start(NULL), -EFAULT);
}

/* Each breaks the transmit queue of a device that has just been started. */
static const struct {
    const char *what;
    struct vring_desc first, second;
    uint16_t head, avail;
} broken[] = {
    {"index beyond", {0}, {0}, QUEUE, 1},
    {"avail jump", {0}, {0}, 0, QUEUE + 1},
    {"loop", {1, 20, VRING_DESC_F_NEXT, 0}, {0}, 0, 1},
    {"next beyond", {1, 20, VRING_DESC_F_NEXT, 0xffff}, {0}, 0, 1},
    {"device writes", {1, 20, VRING_DESC_F_WRITE, 0}, {0}, 0, 1},
    {"indirect", {1, 20, VRING_DESC_F_INDIRECT, 0}, {0}, 0, 1},
    {"empty", {1, 0, 0, 0}, {0}, 0, 1},
    {"outside", {2, 20, 0, 0}, {0}, 0, 1},
    {"too long", {1, 0xffffffff, 0, 0}, {0}, 0, 1},
    {"second outside", {1, 20, VRING_DESC_F_NEXT, 1}, {3, 20, 0, 0}, 0, 1},
};

static uint64_t place(uint64_t code)
{
    switch (code) {
    case 1:
        return (uint64_t)buffers;
    case 2:
        return (uint64_t)buffers + sizeof(buffers); /* just behind */
    case 3:
        return BH_KERNEL_BASE;
    default:
        return 0;
    }
}

/* Until the device has forgotten the driver: then it can be started again. */
static long restart(void)
{
    long error = -EBUSY;
    for (int i = 0; i < 5000 && error == -EBUSY; i++) {
        bh_sleep(1000000);
        error = bh_core()->net_start(NULL); /* leaves the rings alone until the device has looked */
    }
    return error == -EFAULT ? driver_start(offered()) : error;
}

static void break_once(unsigned n)
{
    struct vring *r = &driver.queue[TX].ring;
    r->desc[0] = broken[n].first;
    r->desc[1] = broken[n].second;
    r->desc[0].addr = place(broken[n].first.addr);
    r->desc[1].addr = place(broken[n].second.addr);
    r->avail->ring[0] = broken[n].head;
    __atomic_store_n(&r->avail->idx, broken[n].avail, __ATOMIC_RELEASE);
    bh_core()->kick(TX);
}

int hostile(uint32_t rounds)
{
    const unsigned n = sizeof(broken) / sizeof(*broken);
    wrong_setups();
    expect("start", driver_start(offered()), 0);
    expect("second start", driver_start(offered()), -EBUSY);
    driver_setup(offered()); /* rings as they were before that */
    for (unsigned i = 0; i < n; i++) {
        break_once(i);
        expect(broken[i].what, restart(), 0);
    }
    if (!rounds) { /* more than the device bears */
        long error = 0;
        for (unsigned i = 0; i < 100 && !error; i++) {
            break_once(i % n);
            error = restart();
        }
        expect("after too many resets", error, -ENODEV);
    }
    puts(failures ? "FAIL" : "PASS");
    return failures != 0;
}
