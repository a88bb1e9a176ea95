/* The receive half of the virtio-net driver: the device writes into its buffers, and lwIP gets these without a copy.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "virtio_net.h"

#include <malloc.h>

#include "lwip/prot/ethernet.h"

enum { RESERVE = 16 };

/* A receive buffer. lwIP holds it as a pbuf until the application has fetched the data. */
struct buffer {
    struct pbuf_custom custom; /* first: lwIP hands it back as a pbuf */
    struct buffer *next;
    uint8_t *data;
};

static struct buffer *buffers, *free_buffers;
static struct buffer **posted; /* by descriptor */
static uint32_t n_in_lwip;

static void release_buffer(struct pbuf *p)
{
    struct buffer *b = (struct buffer *)(void *)p;
    b->next = free_buffers;
    free_buffers = b;
    n_in_lwip--;
}

void net_rx_init(uint32_t queue_size, uint32_t n)
{
    buffers = calloc(n, sizeof(*buffers));
    posted = calloc(queue_size, sizeof(*posted));
    uint8_t *data = memalign(BH_PAGE_SIZE, (size_t)n * NET_BUFFER_SIZE);
    if (!buffers || !posted || !data)
        bh_panic("no memory for %u receive buffers: give this compartment more `memory`", (unsigned)n);
    for (uint32_t i = 0; i < n; i++) {
        struct buffer *b = &buffers[n - 1 - i];
        b->data = data + (size_t)(n - 1 - i) * NET_BUFFER_SIZE;
        b->custom.custom_free_function = release_buffer;
        b->next = free_buffers;
        free_buffers = b;
    }
    net_device.counters.buffers = n;
}

static uint32_t available_buffers(void)
{
    return net_device.counters.buffers - n_in_lwip;
}

bool net_buffers_low(void)
{
    return available_buffers() < net_device.counters.buffers / 2;
}

bool net_buffers_scarce(void)
{
    return available_buffers() < net_device.counters.buffers / 4;
}

bool net_buffers_gone(void)
{
    return available_buffers() < net_device.counters.buffers / 16 + RESERVE;
}

void net_rx_refill(void)
{
    struct virtqueue *q = &net_device.rx;
    while (q->n_free && free_buffers) {
        struct buffer *b = free_buffers;
        struct vq_buffer whole = {b->data, NET_BUFFER_SIZE, true};
        uint16_t head = vq_add(q, &whole, 1);
        free_buffers = b->next;
        posted[head] = b;
    }
    net_device.counters.free_buffers = available_buffers();
    if (vq_publish(q))
        bh_core()->kick(NET_RECEIVE_QUEUE);
}

/* Takes the next buffer that the device filled; *written: how many bytes. NULL: there is none. */
static struct buffer *take_buffer(uint32_t *written)
{
    uint16_t head;
    uint32_t n;
    switch (vq_take(&net_device.rx, &head, &n, written)) {
    case VQ_EMPTY:
        return NULL;
    case VQ_BROKEN:
        bh_panic("the network device returned a receive buffer that it did not have");
    case VQ_CHAIN:
        break;
    }
    if (*written > NET_BUFFER_SIZE)
        *written = NET_BUFFER_SIZE;
    n_in_lwip++;
    return posted[head];
}

static struct pbuf *as_pbuf(struct buffer *b, uint32_t skip, uint32_t written)
{
    return pbuf_alloced_custom(PBUF_RAW, (uint16_t)(written - skip), PBUF_REF, &b->custom, b->data + skip,
                               (uint16_t)(NET_BUFFER_SIZE - skip));
}

/* Takes one frame of as many buffers as its header says. *checked: its checksum is known to be good. NULL: there is
 * none, or the buffer holds no valid frame (*bad). */
static struct pbuf *take_frame(bool *checked, bool *bad)
{
    uint32_t written;
    struct buffer *b = take_buffer(&written);
    *bad = b != NULL;
    if (!b)
        return NULL;
    if (written < NET_HEADER + SIZEOF_ETH_HDR) {
        release_buffer(&b->custom.pbuf);
        return NULL;
    }
    const volatile struct virtio_net_hdr_v1 *header = (const void *)b->data;
    *checked = header->flags & (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID);
    uint32_t more = net_feature(VIRTIO_NET_F_MRG_RXBUF) ? header->num_buffers : 1u;
    struct pbuf *frame = as_pbuf(b, NET_HEADER, written), *last = frame;
    uint32_t total = frame->len;
    while (more-- > 1) {
        b = take_buffer(&written);
        if (!b)
            break; /* the device published half a frame, which will fail lwIP's checks */
        struct pbuf *p = as_pbuf(b, 0, written);
        total += p->len;
        last->next = p;
        last = p;
    }
    /* The tot_len of a pbuf counts its own bytes and those of the pbufs behind it. */
    uint32_t left = total;
    for (struct pbuf *p = frame; p; left -= p->len, p = p->next)
        p->tot_len = (uint16_t)left;
    if (total > UINT16_MAX) {
        pbuf_free(frame);
        return NULL;
    }
    *bad = false;
    return frame;
}

uint32_t net_rx_poll(struct netif *netif, uint32_t budget)
{
    const uint16_t flags = netif->chksum_flags;
    uint32_t n = 0;
    for (; n < budget; n++) {
        bool checked = false, bad;
        struct pbuf *p = take_frame(&checked, &bad);
        if (!p && !bad)
            break;
        if (!p) {
            net_device.counters.dropped++;
            continue;
        }
        net_device.counters.received++;
        /* Input is processed at once, so the checks can be chosen for each frame. */
        NETIF_SET_CHECKSUM_CTRL(netif,
                                checked ? flags & ~(NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP) : flags);
        if (netif->input(p, netif) != ERR_OK) {
            net_device.counters.dropped++;
            pbuf_free(p);
        }
        if ((n & 15) == 15)
            net_rx_refill();
    }
    NETIF_SET_CHECKSUM_CTRL(netif, flags);
    return n;
}
