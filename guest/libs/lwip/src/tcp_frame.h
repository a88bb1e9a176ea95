/* TCP segments in Ethernet frames: finding their headers and telling whether one segment continues another.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * For the transmit half of the driver (virtio_tx.c): these functions run for each frame, so they are inline. */
#ifndef NET_TCP_FRAME_H
#define NET_TCP_FRAME_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lwip/pbuf.h"
#include "lwip/prot/ethernet.h"
#include "lwip/prot/ip.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/ip6.h"
#include "lwip/prot/tcp.h"

enum { ETHERTYPE_IP4 = 0x0800, ETHERTYPE_IP6 = 0x86dd };

/* Where the headers of a TCP segment lie in an Ethernet frame. */
struct tcp_frame {
    bool v6;
    uint8_t *ip;
    struct tcp_hdr *tcp;
    uint32_t headers; /* bytes of all headers */
};

/* Finds the TCP header of a frame whose headers lie in its first buffer. False: it is not such a frame. */
static inline bool tcp_frame_find(const struct pbuf *p, struct tcp_frame *at)
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

static inline uint32_t tcp_frame_sum_words(uint32_t sum, const uint8_t *data, uint32_t size)
{
    for (uint32_t i = 0; i < size; i += 2)
        sum += (uint32_t)(data[i] | data[i + 1] << 8);
    return sum;
}

/* The sum of the pseudo header, not inverted, to which the device adds the rest (virtio 1.2, 5.1.6.2). */
static inline uint16_t tcp_frame_pseudo_sum(const struct tcp_frame *at, uint32_t tcp_size)
{
    uint32_t sum = PP_HTONS(IP_PROTO_TCP) + lwip_htons((uint16_t)tcp_size);
    sum = at->v6 ? tcp_frame_sum_words(sum, at->ip + 8, 32) : tcp_frame_sum_words(sum, at->ip + 12, 8);
    sum = (sum >> 16) + (sum & 0xffff);
    return (uint16_t)((sum >> 16) + sum);
}

/* Does `at` belong to the same connection as `first`, with the same acknowledgement and with sequence number `next`?
 * Then their headers differ only where the device computes the fields itself. */
static inline bool tcp_frame_continues(const struct tcp_frame *first, const struct tcp_frame *at, uint32_t next)
{
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
        first->tcp->wnd != at->tcp->wnd || at->tcp->seqno != lwip_htonl(next))
        return false;
    return memcmp(first->tcp + 1, at->tcp + 1, TCPH_HDRLEN_BYTES(at->tcp) - TCP_HLEN) == 0;
}

#endif
