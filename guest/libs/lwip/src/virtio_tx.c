/* The transmit half of the virtio-net driver: lwIP's packets go to the device as they lie in memory.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * lwIP cuts a TCP stream into segments of one MSS. Where the device can do that (TSO), consecutive segments of a
 * connection are merged again here into one packet for the device: the headers of the first, then the payload of all. A
 * TCP frame is therefore held until the next one cannot be merged, or until net_tx_flush().
 *
 * Packets that the device has not returned yet keep a reference (pbuf_ref), so lwIP does not touch them. */
#include "virtio_net.h"

#include <stdlib.h>
#include <string.h>

#include "lwip/inet_chksum.h"

#include "tcp_frame.h"

enum {
    BUFFERS_MAX = 64,  /* descriptors of one frame */
    FRAME_MAX = 65535, /* bytes of an IP packet */
};

/* A frame that is being assembled. */
struct frame {
    uint32_t n;
    struct vq_buffer buffer[BUFFERS_MAX];
    struct pbuf *owner[BUFFERS_MAX]; /* freed when the device is done; NULL: the buffer belongs to the owner before */
    bool tcp;                        /* its checksum has to be completed; `at` is valid */
    bool closed;                     /* nothing may follow */
    struct tcp_frame at;
    uint32_t payload, segment; /* bytes in all; of each segment */
    uint32_t next_sequence;
};

static struct frame held;
static struct virtio_net_hdr_v1 *headers; /* by descriptor, for frames without room in front */
static struct pbuf **owners;              /* by descriptor */
static bool blocked;

void net_tx_init(uint32_t queue_size)
{
    headers = calloc(queue_size, sizeof(*headers));
    owners = calloc(queue_size, sizeof(*owners));
    if (!headers || !owners)
        bh_panic("no memory for the transmit queue: give this compartment more `memory`");
    /* Completions do not wake the VM: they are collected when there is something to send. */
    vq_want_notification(&net_device.tx, (uint16_t)(UINT16_MAX / 2));
}

static void reclaim_frames(void)
{
    struct virtqueue *q = &net_device.tx;
    uint16_t head;
    uint32_t n, written;
    enum vq_taken taken;
    while ((taken = vq_take(q, &head, &n, &written)) == VQ_CHAIN) {
        for (uint16_t d = head; n--; d = vq_next(q, d)) {
            struct pbuf *p = owners[d];
            owners[d] = NULL;
            if (p)
                pbuf_free(p);
        }
    }
    if (taken == VQ_BROKEN)
        bh_panic("the network device returned a frame that it did not have");
}

static bool in_range(const void *data, uint32_t size)
{
    uint64_t at = (uint64_t)(uintptr_t)data;
    return at >= net_device.heap && size <= net_device.heap_size && at - net_device.heap <= net_device.heap_size - size;
}

static bool all_in_range(const struct pbuf *p)
{
    for (; p; p = p->next)
        if (!in_range(p->payload, p->len))
            return false;
    return true;
}

/* Is there room for the virtio-net header in front of the data, in the same memory block? */
static bool has_headroom(const struct pbuf *p, const void *data)
{
    return (p->type_internal & PBUF_TYPE_FLAG_STRUCT_DATA_CONTIGUOUS) &&
           (const uint8_t *)data - (const uint8_t *)p >= (ptrdiff_t)(sizeof(*p) + NET_HEADER);
}

/* ---- TCP ---- */

static bool may_merge(bool v6)
{
    return net_feature(v6 ? VIRTIO_NET_F_HOST_TSO6 : VIRTIO_NET_F_HOST_TSO4);
}

static void set_lengths(const struct frame *f)
{
    uint32_t ip_bytes = f->at.headers - SIZEOF_ETH_HDR + f->payload;
    if (f->at.v6) {
        IP6H_PLEN_SET((struct ip6_hdr *)(void *)f->at.ip, (uint16_t)(ip_bytes - IP6_HLEN));
        return;
    }
    struct ip_hdr *ip = (void *)f->at.ip;
    IPH_LEN_SET(ip, lwip_htons((uint16_t)ip_bytes));
    IPH_CHKSUM_SET(ip, 0);
    IPH_CHKSUM_SET(ip, inet_chksum(ip, IP_HLEN));
}

static void fill_header(struct virtio_net_hdr_v1 *h, const struct frame *f)
{
    memset(h, 0, sizeof(*h));
    if (!f->tcp)
        return;
    uint32_t tcp_start = (uint32_t)((uint8_t *)f->at.tcp - f->at.ip) + SIZEOF_ETH_HDR;
    f->at.tcp->chksum = tcp_frame_pseudo_sum(&f->at, f->at.headers - tcp_start + f->payload);
    h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    h->csum_start = (uint16_t)tcp_start;
    h->csum_offset = offsetof(struct tcp_hdr, chksum);
    if (f->payload > f->segment) {
        set_lengths(f);
        h->gso_type = f->at.v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
        h->hdr_len = (uint16_t)f->at.headers;
        h->gso_size = (uint16_t)f->segment;
    }
}

/* ---- Frames ---- */

/* Adds the buffers of a packet from offset `skip` on. The caller has made sure that they fit. */
static void add_buffers(struct frame *f, struct pbuf *p, uint32_t skip)
{
    struct pbuf *owner = p;
    for (; p; p = p->next) {
        uint32_t here = skip < p->len ? skip : p->len;
        skip -= here;
        if (p->len == here)
            continue; /* only headers, which are dropped: the next buffer carries the owner */
        f->buffer[f->n] = (struct vq_buffer){(uint8_t *)p->payload + here, p->len - here, false};
        f->owner[f->n++] = owner;
        owner = NULL;
    }
}

/* Gives the frame to the device. The caller has made sure that the queue has room. */
static void post_frame(struct frame *f)
{
    struct virtqueue *q = &net_device.tx;
    struct virtio_net_hdr_v1 *header = &headers[q->free_head];
    struct vq_buffer all[BUFFERS_MAX + 1];
    uint32_t n = 0;
    if (has_headroom(f->owner[0], f->buffer[0].data)) {
        header = (void *)((uintptr_t)f->buffer[0].data - NET_HEADER);
        f->buffer[0].data = header;
        f->buffer[0].size += NET_HEADER;
    } else {
        all[n++] = (struct vq_buffer){header, NET_HEADER, false};
    }
    fill_header(header, f);
    memcpy(all + n, f->buffer, f->n * sizeof(*all));
    uint16_t d = vq_add(q, all, n + f->n);
    if (d == VQ_NONE)
        bh_panic("the transmit queue has %u free entries, %u expected", q->n_free, n + f->n);
    for (uint32_t i = 0; i < n + f->n; i++, d = vq_next(q, d))
        owners[d] = i < n ? NULL : f->owner[i - n];
    net_device.counters.sent++;
    f->n = 0;
}

static void post_held(void)
{
    if (held.n)
        post_frame(&held);
}

/* Merges the packet into the held frame. False: it cannot be merged. */
static bool append_segment(struct pbuf *p, const struct tcp_frame *at, uint32_t payload)
{
    if (!held.n || held.closed || !may_merge(at->v6) || payload == 0 || payload > held.segment)
        return false;
    if (TCPH_FLAGS(at->tcp) & ~(TCP_ACK | TCP_PSH))
        return false;
    if (held.at.headers + held.payload + payload > FRAME_MAX || held.n + pbuf_clen(p) > BUFFERS_MAX)
        return false;
    if (net_device.tx.n_free < held.n + pbuf_clen(p) + 1u || !tcp_frame_continues(&held.at, at, held.next_sequence))
        return false;
    if (TCPH_FLAGS(at->tcp) & TCP_PSH)
        TCPH_SET_FLAG(held.at.tcp, TCP_PSH);
    pbuf_ref(p);
    add_buffers(&held, p, at->headers);
    held.payload += payload;
    held.next_sequence += payload;
    held.closed = payload < held.segment;
    return true;
}

static void hold_frame(struct pbuf *p, const struct tcp_frame *at, uint32_t payload)
{
    pbuf_ref(p);
    held.tcp = true;
    held.at = *at;
    held.payload = held.segment = payload;
    held.next_sequence = lwip_ntohl(at->tcp->seqno) + payload;
    held.closed = payload == 0 || (TCPH_FLAGS(at->tcp) & ~(TCP_ACK | TCP_PSH));
    add_buffers(&held, p, 0);
}

static err_t refuse_frame(void)
{
    blocked = true;
    return ERR_MEM; /* TCP tries again (tcp_txnow), other packets are lost */
}

static err_t output_packet(struct pbuf *p)
{
    struct tcp_frame at;
    bool tcp = net_feature(VIRTIO_NET_F_CSUM) && tcp_frame_find(p, &at);
    uint32_t needed = pbuf_clen(p) + 1u;
    if (tcp && append_segment(p, &at, p->tot_len - at.headers))
        return ERR_OK;
    post_held();
    if (net_device.tx.n_free < needed) {
        reclaim_frames();
        if (net_device.tx.n_free < needed)
            return refuse_frame();
    }
    if (tcp) {
        hold_frame(p, &at, p->tot_len - at.headers);
        return ERR_OK;
    }
    struct frame f;
    f.n = 0;
    f.tcp = false;
    pbuf_ref(p);
    add_buffers(&f, p, 0);
    post_frame(&f);
    return ERR_OK;
}

err_t net_tx_output(struct netif *netif, struct pbuf *p)
{
    (void)netif;
    uint32_t most = net_device.tx.ring.num / 4 < BUFFERS_MAX ? net_device.tx.ring.num / 4 : BUFFERS_MAX;
    if (all_in_range(p) && pbuf_clen(p) < most)
        return output_packet(p);
    struct pbuf *copy = pbuf_clone(PBUF_RAW_TX, PBUF_RAM, p);
    if (!copy)
        return ERR_MEM;
    err_t e = output_packet(copy);
    pbuf_free(copy);
    return e;
}

void net_tx_flush(void)
{
    post_held();
    if (vq_publish(&net_device.tx))
        bh_core()->kick(NET_TRANSMIT_QUEUE);
    if (vq_has_used(&net_device.tx))
        reclaim_frames();
}

bool net_tx_blocked(void)
{
    return blocked;
}

bool net_tx_unblock(void)
{
    if (!blocked || net_device.tx.n_free < net_device.tx.ring.num / 4)
        return false;
    blocked = false;
    return true;
}
