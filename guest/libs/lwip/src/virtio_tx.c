/* Transmitting: lwIP's packets go to the device as they lie in memory.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * lwIP cuts a TCP stream into segments of one MSS. Where the device can do that (TSO), consecutive segments of a
 * connection are put together again here: the first one's headers, then everybody's payload, one packet for
 * the device. A TCP frame is therefore held until the next one does not fit, or until net_tx_flush().
 *
 * What the device has not returned yet keeps a reference (pbuf_ref): lwIP does not touch such a segment again. */
#include "virtio_net.h"

#include <stdlib.h>
#include <string.h>

#include "lwip/inet_chksum.h"
#include "lwip/prot/ethernet.h"
#include "lwip/prot/ip.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/ip6.h"
#include "lwip/prot/tcp.h"

enum {
    BUFFERS_MAX = 64,  /* descriptors of one frame */
    FRAME_MAX = 65535, /* bytes of an IP packet */
    ETHERTYPE_IP4 = 0x0800,
    ETHERTYPE_IP6 = 0x86dd,
};

/* Where TCP lies in a frame. */
struct tcp_frame {
    bool v6;
    uint8_t *ip;
    struct tcp_hdr *tcp;
    uint32_t headers; /* bytes of all headers */
};

/* A frame that is being put together. */
struct frame {
    uint32_t n;
    struct vq_buffer buffer[BUFFERS_MAX];
    struct pbuf *owner[BUFFERS_MAX]; /* to be freed when the device is done; NULL: belongs to the one before */
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
    /* Completions wake nobody: they are collected when there is something to send. */
    vq_want_notification(&net_device.tx, (uint16_t)(UINT16_MAX / 2));
}

static void reclaim(void)
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

/* Is there room for the virtio-net header in front of the data, in the same block? */
static bool has_headroom(const struct pbuf *p, const void *data)
{
    return (p->type_internal & PBUF_TYPE_FLAG_STRUCT_DATA_CONTIGUOUS) &&
           (const uint8_t *)data - (const uint8_t *)p >= (ptrdiff_t)(sizeof(*p) + NET_HEADER);
}

/* ---- TCP ---- */

static bool find_tcp(const struct pbuf *p, struct tcp_frame *at)
{
    const struct eth_hdr *eth = p->payload;
    uint32_t ip_size;
    if (p->len < SIZEOF_ETH_HDR + IP_HLEN + TCP_HLEN)
        return false;
    at->ip = (uint8_t *)p->payload + SIZEOF_ETH_HDR;
    if (eth->type == PP_HTONS(ETHERTYPE_IP4)) {
        const struct ip_hdr *ip = (const void *)at->ip;
        if (IPH_PROTO(ip) != IP_PROTO_TCP || (IPH_OFFSET(ip) & PP_HTONS(IP_OFFMASK | IP_MF)))
            return false;
        at->v6 = false;
        ip_size = IPH_HL_BYTES(ip);
    } else if (eth->type == PP_HTONS(ETHERTYPE_IP6)) {
        const struct ip6_hdr *ip = (const void *)at->ip;
        if (IP6H_NEXTH(ip) != IP6_NEXTH_TCP)
            return false;
        at->v6 = true;
        ip_size = IP6_HLEN;
    } else {
        return false;
    }
    if (p->len < SIZEOF_ETH_HDR + ip_size + TCP_HLEN)
        return false;
    at->tcp = (struct tcp_hdr *)(void *)(at->ip + ip_size);
    at->headers = SIZEOF_ETH_HDR + ip_size + TCPH_HDRLEN_BYTES(at->tcp);
    return p->len >= at->headers;
}

static uint32_t sum_words(uint32_t sum, const uint8_t *data, uint32_t size)
{
    for (uint32_t i = 0; i < size; i += 2)
        sum += (uint32_t)(data[i] | data[i + 1] << 8);
    return sum;
}

/* Sum of the pseudo header, not inverted: the device adds the rest (virtio 1.2, 5.1.6.2). */
static uint16_t pseudo_sum(const struct tcp_frame *at, uint32_t tcp_size)
{
    uint32_t sum = PP_HTONS(IP_PROTO_TCP) + lwip_htons((uint16_t)tcp_size);
    sum = at->v6 ? sum_words(sum, at->ip + 8, 32) : sum_words(sum, at->ip + 12, 8);
    sum = (sum >> 16) + (sum & 0xffff);
    return (uint16_t)((sum >> 16) + sum);
}

static bool may_merge(bool v6)
{
    return net_feature(v6 ? VIRTIO_NET_F_HOST_TSO6 : VIRTIO_NET_F_HOST_TSO4);
}

/* Same connection, same acknowledgement, and exactly what follows? Then the headers differ in nothing that the device
 * would not make itself. */
static bool continues(const struct frame *f, const struct tcp_frame *at)
{
    const struct tcp_frame *first = &f->at;
    uint32_t before_length = at->v6 ? 4 : 2, ip_size = at->v6 ? IP6_HLEN : IP_HLEN;
    if (at->v6 != first->v6 || at->headers != first->headers)
        return false;
    if (at->headers != SIZEOF_ETH_HDR + ip_size + (uint32_t)TCPH_HDRLEN_BYTES(at->tcp))
        return false;
    if (memcmp(first->ip - SIZEOF_ETH_HDR, at->ip - SIZEOF_ETH_HDR, SIZEOF_ETH_HDR + before_length) != 0)
        return false;
    if (at->v6 ? memcmp(first->ip + 6, at->ip + 6, 34) != 0 : memcmp(first->ip + 12, at->ip + 12, 8) != 0)
        return false;
    if (first->tcp->src != at->tcp->src || first->tcp->dest != at->tcp->dest || first->tcp->ackno != at->tcp->ackno ||
        first->tcp->wnd != at->tcp->wnd || at->tcp->seqno != lwip_htonl(f->next_sequence))
        return false;
    return memcmp(first->tcp + 1, at->tcp + 1, TCPH_HDRLEN_BYTES(at->tcp) - TCP_HLEN) == 0;
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
    f->at.tcp->chksum = pseudo_sum(&f->at, f->at.headers - tcp_start + f->payload);
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

/* Adds a packet's buffers from offset `skip` on. The caller made sure that they fit. */
static void add_buffers(struct frame *f, struct pbuf *p, uint32_t skip)
{
    struct pbuf *owner = p;
    for (; p; p = p->next) {
        uint32_t here = skip < p->len ? skip : p->len;
        skip -= here;
        if (p->len == here)
            continue; /* nothing but headers, which are dropped; the next buffer carries the owner */
        f->buffer[f->n] = (struct vq_buffer){(uint8_t *)p->payload + here, p->len - here, false};
        f->owner[f->n++] = owner;
        owner = NULL;
    }
}

/* Gives the frame to the device. There is room: whoever puts it together checks. */
static void post(struct frame *f)
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
        post(&held);
}

/* Puts the packet behind what is held; false: it does not fit there. */
static bool append(struct pbuf *p, const struct tcp_frame *at, uint32_t payload)
{
    if (!held.n || held.closed || !may_merge(at->v6) || payload == 0 || payload > held.segment)
        return false;
    if (TCPH_FLAGS(at->tcp) & ~(TCP_ACK | TCP_PSH))
        return false;
    if (held.at.headers + held.payload + payload > FRAME_MAX || held.n + pbuf_clen(p) > BUFFERS_MAX)
        return false;
    if (net_device.tx.n_free < held.n + pbuf_clen(p) + 1u || !continues(&held, at))
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

static void hold(struct pbuf *p, const struct tcp_frame *at, uint32_t payload)
{
    pbuf_ref(p);
    held.tcp = true;
    held.at = *at;
    held.payload = held.segment = payload;
    held.next_sequence = lwip_ntohl(at->tcp->seqno) + payload;
    held.closed = payload == 0 || (TCPH_FLAGS(at->tcp) & ~(TCP_ACK | TCP_PSH));
    add_buffers(&held, p, 0);
}

static err_t refuse(void)
{
    blocked = true;
    return ERR_MEM; /* TCP tries again (tcp_txnow), others are lost */
}

static err_t output(struct pbuf *p)
{
    struct tcp_frame at;
    bool tcp = net_feature(VIRTIO_NET_F_CSUM) && find_tcp(p, &at);
    uint32_t needed = pbuf_clen(p) + 1u;
    if (tcp && append(p, &at, p->tot_len - at.headers))
        return ERR_OK;
    post_held();
    if (net_device.tx.n_free < needed) {
        reclaim();
        if (net_device.tx.n_free < needed)
            return refuse();
    }
    if (tcp) {
        hold(p, &at, p->tot_len - at.headers);
        return ERR_OK;
    }
    struct frame f;
    f.n = 0;
    f.tcp = false;
    pbuf_ref(p);
    add_buffers(&f, p, 0);
    post(&f);
    return ERR_OK;
}

err_t net_tx_output(struct netif *netif, struct pbuf *p)
{
    (void)netif;
    uint32_t most = net_device.tx.ring.num / 4 < BUFFERS_MAX ? net_device.tx.ring.num / 4 : BUFFERS_MAX;
    if (all_in_range(p) && pbuf_clen(p) < most)
        return output(p);
    struct pbuf *copy = pbuf_clone(PBUF_RAW_TX, PBUF_RAM, p);
    if (!copy)
        return ERR_MEM;
    err_t e = output(copy);
    pbuf_free(copy);
    return e;
}

void net_tx_flush(void)
{
    post_held();
    if (vq_publish(&net_device.tx))
        bh_core()->kick(NET_TRANSMIT_QUEUE);
    if (vq_has_used(&net_device.tx))
        reclaim();
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
