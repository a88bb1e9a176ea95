/* Moves frames between the virtqueues and the back end.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/net/device.h"

#include "vmm/base/notify.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void set_broken(struct net *n, const char *why)
{
    if (!n->broken)
        n->broken = why;
}

void net_reset(struct net *n)
{
    n->resets++;
    char line[256];
    int bytes = snprintf(line, sizeof(line), "bulkhead: network device of %s: reset: %s%s\n",
                         n->appliance->compartments[n->config->compartment].name, n->broken,
                         n->resets < NET_RESETS_MAX ? "" : "; it stays off");
    if (write(STDERR_FILENO, line, (size_t)bytes) < 0) {
        /* There is nobody left to tell. */
    }
    n->broken = NULL;
    n->starved = false;
    atomic_store_explicit(&n->state, NET_IDLE, memory_order_release);
}

bool net_running(const struct net *n)
{
    return !n->broken && atomic_load_explicit(&n->state, memory_order_relaxed) == NET_RUNNING;
}

/* The driver finds what was published when it polls. It must be woken only if its vCPU sleeps. */
static void publish_used(struct net *n, struct virtqueue *q)
{
    vq_publish(q);
    atomic_thread_fence(memory_order_seq_cst); /* pairs with net_may_park() */
    if (atomic_load_explicit(&n->parked, memory_order_relaxed) && vq_wants_wake(q) && atomic_exchange(&n->parked, 0))
        notify(n->vm_notify);
}

void net_take_kick(void *net, short revents)
{
    uint64_t count;
    if (read(((const struct net *)net)->kick, &count, sizeof(count)) < 0) {
        /* Somebody has taken it. */
    }
}

void net_device_begin(struct net *n)
{
    n->first = n->count = 0;
    n->room = 0;
    n->starved = false;
}

/* ---- To the back end ---- */

/* Takes `bytes` off the front of a scatter list; copies them to `to`. */
static void take_bytes(struct iovec **iov, unsigned *count, void *to, size_t bytes)
{
    uint8_t *out = to;
    while (bytes) {
        struct iovec *v = *iov;
        size_t n = v->iov_len < bytes ? v->iov_len : bytes;
        memcpy(out, v->iov_base, n);
        out += n;
        bytes -= n;
        v->iov_base = (uint8_t *)v->iov_base + n;
        v->iov_len -= n;
        if (!v->iov_len) {
            ++*iov;
            --*count;
        }
    }
}

/* `iov` has a free entry before it. */
static void send_chain(struct net *n, struct iovec *iov, const struct vq_chain *c)
{
    struct virtio_net_hdr_v1 h;
    unsigned count = c->n;
    if (c->bytes < NET_HEADER + NET_FRAME_MIN || c->bytes > NET_HEADER + NET_FRAME_MAX) {
        STATS_ADD(n->stats->tx_drops, 1);
        return;
    }
    take_bytes(&iov, &count, &h, sizeof(h));
    uint32_t bytes = (uint32_t)c->bytes - NET_HEADER;
    if (!frame_header_good(&h, n->accepted, bytes)) {
        STATS_ADD(n->stats->tx_drops, 1);
        return;
    }
    STATS_ADD(n->stats->tx_frames, 1);
    STATS_ADD(n->stats->tx_bytes, bytes);
    n->backend->send(n, &h, iov - 1, count + 1, bytes);
}

bool net_transmit(struct net *n)
{
    struct iovec iov[NET_CHAIN_MAX + 1];
    struct vq_chain c;
    const char *why;
    unsigned sent = 0;
    enum vq_result got = VQ_EMPTY;
    while (sent < NET_BATCH && !n->broken &&
           (got = vq_fetch(&n->tx, false, iov + 1, NET_CHAIN_MAX, &c, &why)) == VQ_OK) {
        send_chain(n, iov + 1, &c);
        vq_push(&n->tx, c.head, 0);
        sent++;
    }
    if (sent)
        publish_used(n, &n->tx);
    if (got == VQ_BROKEN)
        set_broken(n, why);
    return sent > 0;
}

/* ---- From the back end ---- */

/* Fetches receive buffers until there are `bytes` of them or no more. False: broken. */
static bool refill_buffers(struct net *n, uint64_t bytes)
{
    while (n->count < NET_RX_AHEAD && n->room < bytes) {
        const char *why;
        struct net_buffer *b = &n->ahead[(n->first + n->count) % NET_RX_AHEAD];
        enum vq_result got = vq_fetch(&n->rx, true, b->iov, NET_RX_SEGMENTS, &b->chain, &why);
        if (got == VQ_OK && b->iov[0].iov_len < NET_HEADER) {
            got = VQ_BROKEN;
            why = "a receive buffer's first descriptor has no room for the header";
        }
        if (got != VQ_OK) {
            if (got == VQ_BROKEN)
                set_broken(n, why);
            return got == VQ_EMPTY;
        }
        n->count++;
        n->room += b->chain.bytes;
    }
    return true;
}

/* What one frame may use of the buffers fetched. */
static uint64_t usable_bytes(const struct net *n)
{
    if (n->accepted >> VIRTIO_NET_F_MRG_RXBUF & 1)
        return n->room;
    return n->count ? n->ahead[n->first].chain.bytes : 0;
}

unsigned net_room(struct net *n, struct iovec iov[NET_RX_IOV], uint64_t bytes)
{
    unsigned count = 0;
    uint64_t sum = 0;
    if (!net_running(n) || !refill_buffers(n, bytes) || usable_bytes(n) < bytes)
        return 0;
    for (uint32_t i = 0; sum < bytes; i++) {
        const struct net_buffer *b = &n->ahead[(n->first + i) % NET_RX_AHEAD];
        memcpy(iov + count, b->iov, b->chain.n * sizeof(*iov));
        count += b->chain.n;
        sum += b->chain.bytes;
    }
    return count;
}

void net_received(struct net *n, uint32_t bytes)
{
    uint8_t *header = n->ahead[n->first].iov[0].iov_base;
    uint16_t used = 0;
    STATS_ADD(n->stats->rx_frames, 1);
    STATS_ADD(n->stats->rx_bytes, bytes - NET_HEADER);
    while (bytes) {
        const struct vq_chain *c = &n->ahead[n->first].chain;
        uint32_t part = c->bytes < bytes ? (uint32_t)c->bytes : bytes;
        vq_push(&n->rx, c->head, part);
        bytes -= part;
        n->room -= c->bytes;
        n->first = (n->first + 1) % NET_RX_AHEAD;
        n->count--;
        used++;
    }
    memcpy(header + offsetof(struct virtio_net_hdr_v1, num_buffers), &used, sizeof(used));
    publish_used(n, &n->rx);
}

/* There are too few buffers. Would more ever help? */
static bool never_fits(const struct net *n, uint64_t bytes)
{
    return !(n->accepted >> VIRTIO_NET_F_MRG_RXBUF & 1) ? n->count && n->ahead[n->first].chain.bytes < bytes
                                                        : n->count == NET_RX_AHEAD || n->count == n->rx.size;
}

bool net_deliver(struct net *n, const struct virtio_net_hdr_v1 *h, const void *frame, uint32_t bytes)
{
    struct iovec iov[NET_RX_IOV], *to = iov;
    uint32_t need = NET_HEADER + bytes, left = bytes;
    const uint8_t *from = frame;
    if (!net_room(n, iov, need)) {
        n->starved = net_running(n) && !never_fits(n, need);
        STATS_ADD(n->stats->rx_drops, !n->starved);
        return !n->starved;
    }
    n->starved = false;
    memcpy(to->iov_base, h, sizeof(*h));
    size_t at = sizeof(*h);
    while (left) {
        size_t part = to->iov_len - at < left ? to->iov_len - at : left;
        memcpy((uint8_t *)to->iov_base + at, from, part);
        from += part;
        left -= (uint32_t)part;
        at = 0;
        to++;
    }
    net_received(n, need);
    return true;
}
