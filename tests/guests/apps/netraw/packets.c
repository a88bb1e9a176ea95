/* Packets by hand.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "packets.h"

#include <string.h>

#include "driver.h"

#define DATAGRAM (8u + 504u) /* a UDP header and what is behind it: long enough for a fragment */

static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint16_t checksum(const uint8_t *at, uint32_t bytes)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i + 1 < bytes; i += 2)
        sum += get16(at + i);
    if (bytes & 1)
        sum += (uint32_t)at[bytes - 1] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void ethernet(uint8_t *frame, const uint8_t to[6], uint16_t type)
{
    memcpy(frame, to, 6);
    memcpy(frame + 6, driver.boot->mac, 6);
    put16(frame + 12, type);
}

/* Header of an IPv4 packet that carries `bytes` behind it. */
static void ip(uint8_t *at, uint8_t protocol, const uint8_t from[4], const uint8_t to[4], uint32_t bytes)
{
    memset(at, 0, 20);
    at[0] = 0x45;
    put16(at + 2, 20 + bytes);
    at[8] = 64;
    at[9] = protocol;
    memcpy(at + 12, from, 4);
    memcpy(at + 16, to, 4);
    put16(at + 10, checksum(at, 20));
}

uint32_t packet_arp_request(uint8_t *frame, const uint8_t own[4], const uint8_t whom[4])
{
    static const uint8_t head[8] = {0, 1, 8, 0, 6, 4, 0, 1};
    ethernet(frame, everybody, 0x0806);
    memcpy(frame + 14, head, 8);
    memcpy(frame + 22, driver.boot->mac, 6);
    memcpy(frame + 28, own, 4);
    memset(frame + 32, 0, 6);
    memcpy(frame + 38, whom, 4);
    return 42;
}

bool packet_is_arp_reply(const uint8_t *frame, uint32_t bytes, const uint8_t of[4], uint8_t mac[6])
{
    if (bytes < 42 || get16(frame + 12) != 0x0806 || get16(frame + 20) != 2 || memcmp(frame + 28, of, 4))
        return false;
    memcpy(mac, frame + 22, 6);
    return true;
}

bool packet_answer_arp(uint8_t *frame, uint32_t bytes, const uint8_t own[4])
{
    uint8_t asker[10];
    if (bytes < 42 || get16(frame + 12) != 0x0806 || get16(frame + 20) != 1 || memcmp(frame + 38, own, 4))
        return false;
    memcpy(asker, frame + 22, 10);
    packet_arp_request(frame, own, asker + 6);
    memcpy(frame, asker, 6);
    memcpy(frame + 32, asker, 6);
    put16(frame + 20, 2);
    return true;
}

uint32_t packet_echo_request(uint8_t *frame, const uint8_t own[4], const uint8_t to_mac[6], const uint8_t to[4],
                             uint16_t number, uint32_t payload)
{
    uint8_t *icmp = frame + 34;
    ethernet(frame, to_mac, 0x0800);
    ip(frame + 14, 1, own, to, 8 + payload);
    memset(icmp, 0, 8);
    icmp[0] = 8;
    put16(icmp + 6, number);
    for (uint32_t i = 0; i < payload; i++)
        icmp[8 + i] = (uint8_t)(i + number);
    put16(icmp + 2, checksum(icmp, 8 + payload));
    return 42 + payload;
}

bool packet_is_echo_reply(const uint8_t *frame, uint32_t bytes, uint16_t number)
{
    return bytes >= 42 && get16(frame + 12) == 0x0800 && frame[23] == 1 && frame[34] == 0 &&
           get16(frame + 40) == number && checksum(frame + 34, get16(frame + 16) - 20u) == 0;
}

const struct virtio_net_hdr_v1 *packet_leave_checksum(uint8_t *frame)
{
    static const struct virtio_net_hdr_v1 h = {
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 2};
    put16(frame + 36, 0);
    return &h;
}

/* RFC 1035, 4.1: one question, for the empty name, type NS, class IN. No UDP checksum. */
uint32_t packet_dns_query(uint8_t *frame, const uint8_t own[4], const uint8_t to_mac[6], const uint8_t to[4])
{
    static const uint8_t query[17] = {0x42, 0x42, 1, 0, 0, 1, [14] = 2, [16] = 1};
    uint8_t *udp = frame + 34;
    ethernet(frame, to_mac, 0x0800);
    ip(frame + 14, 17, own, to, 8 + sizeof(query));
    put16(udp, 5353);
    put16(udp + 2, 53);
    put16(udp + 4, 8 + sizeof(query));
    put16(udp + 6, 0);
    memcpy(udp + 8, query, sizeof(query));
    return 42 + sizeof(query);
}

/* The headers for `bytes` of a transport protocol, and the sum of its pseudo header at `checksum_at` in them. */
static uint8_t *transport(uint8_t *frame, const uint8_t *own, const uint8_t to_mac[6], const uint8_t *to, uint32_t size,
                          uint8_t protocol, uint32_t bytes, uint32_t checksum_at, struct virtio_net_hdr_v1 *h)
{
    uint8_t pseudo[40] = {0}, *at = frame + 14 + (size == 4 ? 20 : 40);
    ethernet(frame, to_mac, size == 4 ? 0x0800 : 0x86dd);
    if (size == 4) {
        ip(frame + 14, protocol, own, to, bytes);
    } else {
        memset(frame + 14, 0, 8);
        frame[14] = 0x60;
        put16(frame + 18, bytes);
        frame[20] = protocol;
        frame[21] = 64;
        memcpy(frame + 22, own, 16);
        memcpy(frame + 38, to, 16);
    }
    memset(at, 0, bytes);
    memcpy(pseudo, own, size);
    memcpy(pseudo + size, to, size);
    put16(pseudo + 2 * size + 2, bytes);
    pseudo[2 * size + 5] = protocol;
    put16(at + checksum_at, (uint16_t)~checksum(pseudo, 2 * size + 6));
    *h = (struct virtio_net_hdr_v1){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                    .csum_start = (uint16_t)(at - frame),
                                    .csum_offset = (uint16_t)checksum_at};
    return at;
}

uint32_t packet_syn(uint8_t *frame, const uint8_t *own, const uint8_t to_mac[6], const uint8_t *to, uint32_t size,
                    uint16_t port, struct virtio_net_hdr_v1 *h)
{
    uint8_t *tcp = transport(frame, own, to_mac, to, size, 6, 20, 16, h);
    put16(tcp, 5353);
    put16(tcp + 2, port);
    tcp[7] = 1;
    tcp[12] = 5 << 4;
    tcp[13] = 2;
    put16(tcp + 14, 1000);
    return (uint32_t)(tcp + 20 - frame);
}

uint32_t packet_datagram(uint8_t *frame, const uint8_t *own, const uint8_t to_mac[6], const uint8_t *to, uint32_t size,
                         uint16_t port, struct virtio_net_hdr_v1 *h)
{
    uint8_t *udp = transport(frame, own, to_mac, to, size, 17, DATAGRAM, 6, h);
    put16(udp, 5353);
    put16(udp + 2, port);
    put16(udp + 4, DATAGRAM);
    memcpy(udp + 8, "here", 4);
    return (uint32_t)(udp + DATAGRAM - frame);
}

void packet_make_fragment(uint8_t *frame, uint16_t id)
{
    uint8_t *at = frame + 14;
    put16(at + 4, id);
    put16(at + 6, 0x2000);
    put16(at + 10, 0);
    put16(at + 10, checksum(at, 20));
}

/* RFC 2131: the fixed part is 236 bytes, then the magic cookie and options. */
uint32_t packet_dhcp_discover(uint8_t *frame)
{
    static const uint8_t nobody[4], all[4] = {255, 255, 255, 255};
    static const uint8_t options[] = {99, 130, 83, 99, 53, 1, 1, 255};
    uint8_t *udp = frame + 34, *dhcp = udp + 8;
    uint32_t bytes = 8 + 236 + sizeof(options);
    ethernet(frame, everybody, 0x0800);
    ip(frame + 14, 17, nobody, all, bytes);
    memset(udp, 0, bytes);
    put16(udp, 68);
    put16(udp + 2, 67);
    put16(udp + 4, bytes);
    dhcp[0] = dhcp[1] = 1;
    dhcp[2] = 6;
    put16(dhcp + 4, 0x4242);
    memcpy(dhcp + 28, driver.boot->mac, 6);
    memcpy(dhcp + 236, options, sizeof(options));
    return 34 + bytes;
}

bool packet_is_dhcp_offer(const uint8_t *frame, uint32_t bytes, struct lease *lease)
{
    const uint8_t *dhcp = frame + 42;
    if (bytes < 42 + 240 || get16(frame + 12) != 0x0800 || frame[23] != 17 || get16(frame + 36) != 68 || dhcp[0] != 2 ||
        get16(dhcp + 4) != 0x4242)
        return false;
    memcpy(lease->address, dhcp + 16, 4);
    for (uint32_t at = 42 + 240; at + 6 <= bytes && frame[at] != 255;) {
        uint8_t option = frame[at];
        if (option == 0) {
            at++;
            continue;
        }
        uint8_t *to = option == 1 ? lease->mask : option == 3 ? lease->router : option == 6 ? lease->dns : NULL;
        if (to)
            memcpy(to, frame + at + 2, 4);
        at += 2u + frame[at + 1];
    }
    return true;
}

static void swap(uint8_t *a, uint8_t *b, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        uint8_t c = a[i];
        a[i] = b[i];
        b[i] = c;
    }
}

bool packet_turn_udp(uint8_t *frame, uint32_t bytes, uint16_t port)
{
    if (bytes < 42 || get16(frame + 12) != 0x0800 || frame[23] != 17 || get16(frame + 36) != port)
        return false;
    swap(frame, frame + 6, 6);
    swap(frame + 26, frame + 30, 4);
    swap(frame + 34, frame + 36, 2);
    return true;
}
