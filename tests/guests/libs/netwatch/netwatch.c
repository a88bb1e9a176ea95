/* Reports over UDP which resources of its network compartment are in use, for leak tests.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Each datagram to the port is answered with one line of NAME=NUMBER. The socket that answers counts as one. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <bh/bulkhead.h>
#include <net/net.h>

enum { PORT = 9, LINE = 512 };

static int describe(char *line, size_t size)
{
    struct net_interface i;
    if (net_interface(&i))
        return -1;
    return snprintf(line, size,
                    "sockets=%u connections=%u segments=%u packets=%u data=%llu heap=%llu heap_size=%llu "
                    "free_buffers=%llu buffers=%llu received=%llu dropped=%llu\n",
                    (unsigned)i.sockets, (unsigned)i.connections, (unsigned)i.segments, (unsigned)i.packets,
                    (unsigned long long)i.data_bytes, (unsigned long long)i.heap_used, (unsigned long long)i.heap_bytes,
                    (unsigned long long)i.free_receive_buffers, (unsigned long long)i.receive_buffers,
                    (unsigned long long)i.received, (unsigned long long)i.dropped);
}

static void answer(void *unused)
{
    (void)unused;
    struct net_address here = {.family = AF_INET, .port = PORT}, from;
    net_socket_t s;
    uint32_t index;
    char line[LINE];
    if (net_socket(AF_INET, SOCK_DGRAM, 0, &s, &index) || net_bind(s, &here))
        bh_panic("netwatch: no socket");
    for (;;) {
        net_wait(s, NET_READABLE, BH_FOREVER);
        while (net_recvfrom(s, line, sizeof(line), 0, &from) >= 0) {
            int n = describe(line, sizeof(line));
            if (n > 0)
                net_sendto(s, line, (size_t)n, 0, &from);
        }
    }
}

__attribute__((constructor)) static void start(void)
{
    if (bh_thread_create(NULL, answer, NULL)) /* runs when lwIP is there, too */
        bh_panic("netwatch: no thread");
}
