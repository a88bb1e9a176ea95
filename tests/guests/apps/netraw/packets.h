/* Just enough of ARP, IPv4, ICMP, UDP and DHCP to talk to the other end of the wire.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef NETRAW_PACKETS_H
#define NETRAW_PACKETS_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stdint.h>

#define FRAME_MAX 1514u

struct lease {
    uint8_t address[4], mask[4], router[4], dns[4];
};

/* All of them write a frame and return its bytes. Addresses are in network order. */
uint32_t packet_arp_request(uint8_t *frame, const uint8_t own[4], const uint8_t whom[4]);
uint32_t packet_echo_request(uint8_t *frame, const uint8_t own[4], const uint8_t to_mac[6], const uint8_t to[4],
                             uint16_t number, uint32_t payload);
uint32_t packet_dhcp_discover(uint8_t *frame);
/* The root's name servers are asked for, from port 5353. */
uint32_t packet_dns_query(uint8_t *frame, const uint8_t own[4], const uint8_t to_mac[6], const uint8_t to[4]);
/* From port 5353, without checksums: the header asks the device for them. `size`: of an address, 4 or 16. */
uint32_t packet_syn(uint8_t *frame, const uint8_t *own, const uint8_t to_mac[6], const uint8_t *to, uint32_t size,
                    uint16_t port, struct virtio_net_hdr_v1 *h);
uint32_t packet_datagram(uint8_t *frame, const uint8_t *own, const uint8_t to_mac[6], const uint8_t *to, uint32_t size,
                         uint16_t port, struct virtio_net_hdr_v1 *h);
/* Makes an IPv4 packet the first fragment of packet `id`. It needs no checksum of its transport protocol then. */
void packet_make_fragment(uint8_t *frame, uint16_t id);

/* Takes the checksum out of an echo request; the header that has the device put it back. */
const struct virtio_net_hdr_v1 *packet_leave_checksum(uint8_t *frame);

/* A received frame. */
bool packet_is_arp_reply(const uint8_t *frame, uint32_t bytes, const uint8_t of[4], uint8_t mac[6]);
bool packet_is_echo_reply(const uint8_t *frame, uint32_t bytes, uint16_t number);
bool packet_is_dhcp_offer(const uint8_t *frame, uint32_t bytes, struct lease *lease);
/* A UDP datagram for `port`; turns it around in place, checksums left right. */
bool packet_turn_udp(uint8_t *frame, uint32_t bytes, uint16_t port);
/* An ARP request for `own`; turns it into the reply. */
bool packet_answer_arp(uint8_t *frame, uint32_t bytes, const uint8_t own[4]);

#endif
