/* Checks virtio-net headers, and computes the Internet checksum (RFC 1071).
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/net/frame.h"

#include <string.h>

#define FEATURE(name) (1ull << VIRTIO_NET_F_##name)

static bool segmentation_good(const struct virtio_net_hdr_v1 *h, uint64_t features)
{
    uint64_t needs;
    switch (h->gso_type) {
    case VIRTIO_NET_HDR_GSO_NONE:
        return true;
    case VIRTIO_NET_HDR_GSO_TCPV4:
        needs = FEATURE(HOST_TSO4);
        break;
    case VIRTIO_NET_HDR_GSO_TCPV6:
        needs = FEATURE(HOST_TSO6);
        break;
    default:
        return false;
    }
    return (features & needs) && h->gso_size && (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
}

bool frame_header_good(const struct virtio_net_hdr_v1 *h, uint64_t features, uint64_t bytes)
{
    if (bytes < NET_FRAME_MIN || bytes > NET_FRAME_MAX || (h->flags & ~VIRTIO_NET_HDR_F_NEEDS_CSUM) ||
        !segmentation_good(h, features))
        return false;
    return !(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) ||
           ((features & FEATURE(CSUM)) && (uint64_t)h->csum_start + h->csum_offset + sizeof(uint16_t) <= bytes &&
            h->csum_start >= NET_FRAME_MIN);
}

/* Sum of 16-bit words in memory order; not folded. */
static uint64_t sum_words(const uint8_t *at, size_t bytes)
{
    uint64_t a = 0, b = 0, c, d;
    for (; bytes >= 16; at += 16, bytes -= 16) {
        memcpy(&c, at, sizeof(c));
        memcpy(&d, at + 8, sizeof(d));
        a += (c & 0xffffffff) + (d & 0xffffffff);
        b += (c >> 32) + (d >> 32);
    }
    for (; bytes >= 2; at += 2, bytes -= 2) {
        uint16_t word;
        memcpy(&word, at, sizeof(word));
        a += word;
    }
    return a + b + (bytes ? *at : 0); /* an odd byte is the low half of a last word */
}

void frame_complete_checksum(const struct virtio_net_hdr_v1 *h, uint8_t *frame, size_t bytes)
{
    uint64_t s = sum_words(frame + h->csum_start, bytes - h->csum_start);
    while (s >> 16)
        s = (s & 0xffff) + (s >> 16);
    uint16_t folded = (uint16_t)~s;
    if (!folded)
        folded = 0xffff; /* equal in one's complement; UDP takes 0 for "none" */
    memcpy(frame + h->csum_start + h->csum_offset, &folded, sizeof(folded));
}
