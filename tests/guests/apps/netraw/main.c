/* Tests of the network device without a network stack; one word of argument says which.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bh/bulkhead.h>

#include "driver.h"
#include "netraw.h"
#include "packets.h"

#define SECOND 1000000000ull

static uint8_t frame[FRAME_MAX];
static struct virtio_net_hdr_v1 h;
static const struct virtio_net_hdr_v1 plain;

static void die(const char *what)
{
    printf("FAIL: %s\n", what);
    exit(1);
}

static void start(void)
{
    if (!bh_boot()->net_off)
        die("no network device");
    const struct bh_boot_net *b = (const void *)((const char *)bh_boot() + bh_boot()->net_off);
    long error = driver_start(b->features);
    if (error) {
        printf("FAIL: net_start: %ld\n", error);
        exit(1);
    }
}

static const char *dotted(const uint8_t a[4])
{
    static char text[4][16];
    static unsigned next;
    char *to = text[next++ % 4];
    snprintf(to, 16, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
    return to;
}

static struct lease discover(void)
{
    struct lease lease = {0};
    driver_send(&plain, frame, packet_dhcp_discover(frame));
    for (uint32_t n; (n = driver_receive(&h, frame, sizeof(frame), 5 * SECOND)) != 0;)
        if (packet_is_dhcp_offer(frame, n, &lease))
            return lease;
    die("no DHCP offer");
    return lease;
}

static void resolve(const uint8_t own[4], const uint8_t whom[4], uint8_t mac[6])
{
    driver_send(&plain, frame, packet_arp_request(frame, own, whom));
    for (uint32_t n; (n = driver_receive(&h, frame, sizeof(frame), 5 * SECOND)) != 0;)
        if (packet_is_arp_reply(frame, n, whom, mac))
            return;
    die("no ARP reply");
}

/* Checks the DHCP answer of the user mode network, and that its router answers. */
static void dhcp(void)
{
    uint8_t mac[6];
    struct lease lease = discover();
    printf("address %s mask %s router %s dns %s\n", dotted(lease.address), dotted(lease.mask), dotted(lease.router),
           dotted(lease.dns));
    resolve(lease.address, lease.router, mac);
    printf("router %02x:%02x:%02x:%02x:%02x:%02x\n", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void ping(uint32_t count, uint32_t payload)
{
    uint8_t mac[6];
    struct lease lease = discover();
    resolve(lease.address, lease.router, mac);
    uint64_t kicks = driver.kicks, waits = driver.waits, begin = bh_now();
    for (uint32_t i = 0; i < count; i++) {
        uint32_t n = packet_echo_request(frame, lease.address, mac, lease.router, (uint16_t)i, payload);
        /* The device fills in every second checksum. */
        driver_send(i & 1 ? packet_leave_checksum(frame) : &plain, frame, n);
        do {
            n = driver_receive(&h, frame, sizeof(frame), 5 * SECOND);
        } while (n && !packet_is_echo_reply(frame, n, (uint16_t)i));
        if (!n)
            die("no echo reply");
    }
    uint64_t ns = bh_now() - begin;
    printf("%lu pings of %lu bytes: %lu ns each, %lu kicks, %lu waits\n", (unsigned long)count, (unsigned long)payload,
           (unsigned long)(ns / count), (unsigned long)(driver.kicks - kicks), (unsigned long)(driver.waits - waits));
}

/* Queries for the name server, far enough apart that it looks again at where the host has its own.
 * Whether one is there is not for us to say. */
static void dns(void)
{
    uint8_t mac[6];
    unsigned answers = 0;
    struct lease lease = discover();
    resolve(lease.address, lease.dns, mac);
    for (unsigned i = 0; i < 3; i++) {
        driver_send(&plain, frame, packet_dns_query(frame, lease.address, mac, lease.dns));
        for (uint32_t n; (n = driver_receive(&h, frame, sizeof(frame), 3 * SECOND / 2)) != 0;)
            answers += packet_turn_udp(frame, n, 5353);
    }
    printf("%u answers\n", answers);
}

/* Knocks at `port` of addresses with which the host might mean itself; `more` is one in hexadecimal digits. Whoever
 * listens there says whether that came. */
static void knock(uint16_t port, const char *more)
{
    static const uint8_t own6[16] = {0xfd, 0, 0x62, 0x68, [15] = 15};
    static uint8_t to[][16] = {{127, 0, 0, 1}, {0}, {10, 0, 2, 2}, {0}};
    static const uint8_t to6[][16] = {{[15] = 1},
                                      {0},
                                      {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1},
                                      {0xfd, 0, 0x62, 0x68, [15] = 2},
                                      {0xfe, 0x80, [15] = 2}};
    uint8_t mac[6];
    struct lease lease = discover();
    struct virtio_net_hdr_v1 sum;
    resolve(lease.address, lease.router, mac);
    unsigned long last = strtoul(more, NULL, 16);
    for (unsigned i = 0; i < 4; i++)
        to[3][i] = (uint8_t)(last >> (24 - 8 * i));
    for (unsigned i = 0; i < 4 + 5; i++) {
        const uint8_t *whom = i < 4 ? to[i] : to6[i - 4], *own = i < 4 ? lease.address : own6;
        uint32_t size = i < 4 ? 4 : 16;
        driver_send(&sum, frame, packet_syn(frame, own, mac, whom, size, port, &sum));
        driver_send(&sum, frame, packet_datagram(frame, own, mac, whom, size, port, &sum));
    }
    while (driver_receive(&h, frame, sizeof(frame), SECOND / 2)) {
        /* Whatever is refused. */
    }
}

/* First fragments of `count` datagrams that never become whole; then the router has to answer a ping. */
static void flood(uint32_t count)
{
    static const uint8_t far[4] = {192, 0, 2, 99};
    uint8_t mac[6];
    struct lease lease = discover();
    struct virtio_net_hdr_v1 sum;
    resolve(lease.address, lease.router, mac);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t n = packet_datagram(frame, lease.address, mac, far, 4, 9, &sum);
        packet_make_fragment(frame, (uint16_t)i);
        driver_send(&plain, frame, n);
    }
    puts("flooded");
    fflush(stdout);
    bh_sleep(2 * SECOND);
    ping(10, 56);
}

/* Answers ARP for `own` and turns UDP datagrams for port 7 around, until one says "end". */
static void echo(const uint8_t own[4])
{
    driver_send(&plain, frame, packet_arp_request(frame, own, own)); /* here I am */
    for (;;) {
        uint32_t n = driver_receive(&h, frame, sizeof(frame), 60 * SECOND);
        if (!n)
            die("nobody asked for anything");
        bool end = n >= 45 && !memcmp(frame + 42, "end", 3);
        if (packet_answer_arp(frame, n, own) || packet_turn_udp(frame, n, 7)) {
            h.flags &= VIRTIO_NET_HDR_F_NEEDS_CSUM; /* it came without a checksum: so it goes */
            driver_send(&h, frame, n);
        }
        if (end) {
            bh_sleep(SECOND / 5); /* frames that are in the queue when the VM ends are lost */
            return;
        }
    }
}

/* Datagrams and the first segments of connections from `count` ports; then it answers like echo(). */
static void flows(uint32_t count)
{
    static const uint8_t far[4] = {192, 0, 2, 99};
    uint8_t mac[6];
    struct lease lease = discover();
    struct virtio_net_hdr_v1 sum;
    resolve(lease.address, lease.router, mac);
    for (uint32_t i = 0; i < count; i++) {
        for (int stream = 0; stream < 2; stream++) {
            uint32_t n = stream ? packet_syn(frame, lease.address, mac, far, 4, 9, &sum)
                                : packet_datagram(frame, lease.address, mac, far, 4, 9, &sum);
            frame[34] = (uint8_t)((1024 + i) >> 8); /* the port that it comes from */
            frame[35] = (uint8_t)(1024 + i);
            driver_send(&sum, frame, n);
        }
    }
    puts("flooded");
    fflush(stdout);
    echo(lease.address);
}

static void show(void)
{
    const struct bh_boot_net *b = driver.boot;
    printf(
        "mac %02x:%02x:%02x:%02x:%02x:%02x mtu %lu features 0x%llx address %s gateway %s dns %s "
        "address6 %s hostname %s\n",
        b->mac[0], b->mac[1], b->mac[2], b->mac[3], b->mac[4], b->mac[5], (unsigned long)b->mtu,
        (unsigned long long)b->features, b->address, b->gateway, b->dns, b->address6, b->hostname);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "dhcp";
    uint32_t number = argc > 2 ? (uint32_t)atoi(argv[2]) : 0;
    if (!strcmp(what, "hostile"))
        return hostile(number);
    start();
    if (!strcmp(what, "show")) {
        show();
    } else if (!strcmp(what, "ping")) {
        ping(number ? number : 1000, argc > 3 ? (uint32_t)atoi(argv[3]) : 56);
    } else if (!strcmp(what, "echo")) {
        static const uint8_t own[4] = {10, 0, 2, 15};
        echo(own);
    } else if (!strcmp(what, "dns")) {
        dns();
    } else if (!strcmp(what, "knock")) {
        knock((uint16_t)number, argc > 3 ? argv[3] : "7f000001");
    } else if (!strcmp(what, "flood")) {
        flood(number);
    } else if (!strcmp(what, "flows")) {
        flows(number);
    } else if (!strcmp(what, "idle")) {
        bh_sleep(number * SECOND);
    } else {
        dhcp();
    }
    puts("PASS");
    return 0;
}
