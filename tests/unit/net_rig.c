/* The rig of the network device's tests.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "unit/net_rig.h"

#include "vmm/kvm/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct rig rig;
static struct appliance a;

static void note_started(struct net *n)
{
}

/* Every byte is touched: a wrong address does not go unnoticed. */
static void note_send(struct net *n, const struct virtio_net_hdr_v1 *h, struct iovec *iov, unsigned count,
                      uint32_t bytes)
{
    rig.frames++;
    rig.header = *h;
    rig.bytes = 0;
    for (unsigned i = 1; i < count; i++) {
        const uint8_t *at = iov[i].iov_base;
        if (at < rig.host + RIG_BUF || at + iov[i].iov_len > rig.host + RIG_BYTES ||
            iov[i].iov_len > NET_FRAME_MAX - rig.bytes)
            abort();
        memcpy(rig.frame + rig.bytes, at, iov[i].iov_len);
        rig.bytes += (uint32_t)iov[i].iov_len;
    }
    if (rig.bytes != bytes)
        abort();
    if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
        frame_complete_checksum(h, rig.frame, bytes);
}

static bool note_receive(struct net *n)
{
    return false;
}

static void note_wait(struct net *n)
{
}

static const struct net_backend backend = {note_started, note_send, note_receive, note_wait};

void rig_open(void)
{
    struct problem p;
    struct region r = {
        .va = RIG_VA, .size = RIG_BYTES, .stride = RIG_BYTES, .count = 1, .perms = PERM_R | PERM_W | PERM_U};
    uint64_t avail;
    if (!memory_add(&rig.memory, &r, &p) || !memory_map(&rig.memory, &p))
        abort();
    rig.host = memory_at(&rig.memory, guest_va(RIG_VA), RIG_BYTES, PERM_R, &avail);
    a.n_compartments = a.n_vms = 1;
    a.compartments[0].name = "app";
    a.has_net = true;
    a.net = (struct net_config){.mode = NET_TAP,
                                .mtu = 1500,
                                .interface = "",
                                .address = "",
                                .gateway = "",
                                .dns = "",
                                .address6 = "",
                                .hostname = ""};
    rig.n = (struct net){.config = &a.net,
                         .stats = &rig.stats,
                         .appliance = &a,
                         .memory = &rig.memory,
                         .backend = &backend,
                         .vm_notify = eventfd(0, EFD_NONBLOCK),
                         .kick = eventfd(0, EFD_NONBLOCK)};
}

struct bh_net_setup rig_setup(uint64_t features)
{
    struct bh_net_setup s = {.features = features, .buffers = RIG_VA + RIG_BUF, .buffers_size = RIG_BYTES - RIG_BUF};
    memset(rig.host, 0, RIG_BUF);
    for (unsigned i = 0; i < 2; i++) {
        uint8_t *at = rig.host + 0x1000 * (i + 1);
        vring_init(&rig.ring[i], RIG_SIZE, at, 64);
        uint64_t shift = RIG_VA - (uint64_t)rig.host;
        s.queue[i].desc = (uint64_t)rig.ring[i].desc + shift;
        s.queue[i].avail = (uint64_t)rig.ring[i].avail + shift;
        s.queue[i].used = (uint64_t)rig.ring[i].used + shift;
        s.queue[i].size = RIG_SIZE;
    }
    return s;
}

int64_t rig_start(const struct bh_net_setup *s)
{
    memcpy(rig.host, s, sizeof(*s));
    int64_t error = net_start(&rig.n, guest_va(RIG_VA));
    if (!error) {
        net_device_begin(&rig.n);
        atomic_store(&rig.n.state, NET_RUNNING);
    }
    return error;
}

void rig_settle(void)
{
    if (rig.n.broken)
        net_reset(&rig.n);
}
