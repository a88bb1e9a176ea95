/* Checks what a virtio-net header asks for, and does it in software (virtio 1.2, 5.1.6).
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_NET_FRAME_H
#define BH_VMM_NET_FRAME_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_HEADER    ((uint32_t)sizeof(struct virtio_net_hdr_v1))
#define NET_FRAME_MIN 14u    /* an Ethernet header */
#define NET_FRAME_MAX 65553u /* 18 bytes of Ethernet header with VLAN, 65,535 of IP */

/* A 16-bit number of a header, which is big endian. */
static inline uint32_t frame_get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

/* Whether a driver that accepted `features` may send a frame of `bytes` with this header. */
bool frame_header_good(const struct virtio_net_hdr_v1 *h, uint64_t features, uint64_t bytes);

/* Writes the checksum that VIRTIO_NET_HDR_F_NEEDS_CSUM asks for. frame_header_good() has accepted the header. */
void frame_complete_checksum(const struct virtio_net_hdr_v1 *h, uint8_t *frame, size_t bytes);

#endif
