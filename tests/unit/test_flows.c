/* How many sockets of the host a guest may make libslirp open: frames by hand, and real sockets.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "vmm/net/flows.h"

#define SECOND 1000000000ull

enum { TCP = 6, UDP = 17, ICMP = 1 };
enum { SYN = 2, ACK = 16 };

static struct flows flows;
static int sockets[64];

static bool admitted(uint8_t protocol, uint16_t port, uint8_t flags, uint64_t now_ns)
{
    uint8_t frame[74] = {[12] = 8, [14] = 0x45, [17] = 60, [23] = protocol};
    frame[34] = (uint8_t)(port >> 8);
    frame[35] = (uint8_t)port;
    if (protocol == TCP)
        frame[34 + 13] = flags;
    else if (protocol == ICMP)
        frame[34] = flags;
    return flows_admit(&flows, frame, sizeof(frame), now_ns);
}

static void open_sockets(unsigned n, int type)
{
    for (unsigned i = 0; i < n; i++) {
        sockets[i] = socket(AF_INET, type, 0);
        flows_opened(&flows, sockets[i]);
    }
}

static void close_sockets(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        flows_closed(&flows, sockets[i]);
        close(sockets[i]);
    }
}

static void counts(void)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    flows_init(&flows, 16);
    CHECK(listen(listener, 1) == 0);
    flows_opened(&flows, listener);
    flows_opened(&flows, -1);
    flows_opened(&flows, 1 << 30);
    CHECK(!flows.streams && !flows.datagrams);
    open_sockets(3, SOCK_STREAM);
    flows_opened(&flows, sockets[0]); /* told twice */
    CHECK(flows.streams == 3);
    close_sockets(3);
    flows_closed(&flows, sockets[0]);
    CHECK(!flows.streams);
    open_sockets(2, SOCK_DGRAM);
    CHECK(flows.datagrams == 2 && !flows.streams);
    close_sockets(2);
    close(listener);
}

static void a7_the_guest_may_open_three_quarters(void)
{
    flows_init(&flows, 16);
    flows_forward(&flows, 7);
    CHECK(admitted(UDP, 5000, 0, SECOND) && admitted(TCP, 5000, SYN, SECOND) && admitted(ICMP, 0, 8, SECOND));
    open_sockets(12, SOCK_DGRAM);
    CHECK(!admitted(UDP, 5001, 0, SECOND) && !admitted(TCP, 5000, SYN, SECOND) && !admitted(ICMP, 0, 8, SECOND));
    /* What is open goes on, and so do clients of forwarded ports. */
    CHECK(admitted(UDP, 5000, 0, 2 * SECOND) && admitted(TCP, 5000, ACK, SECOND) &&
          admitted(TCP, 5000, SYN | ACK, SECOND) && admitted(UDP, 7, 0, SECOND) && flows_have_room(&flows));
    /* libslirp has forgotten a port that was silent for so long. */
    CHECK(!admitted(UDP, 5000, 0, 300 * SECOND));
    close_sockets(12);
    CHECK(admitted(UDP, 5001, 0, SECOND));
}

static void full(void)
{
    flows_init(&flows, 16);
    open_sockets(16, SOCK_STREAM);
    CHECK(!flows_have_room(&flows));
    close_sockets(16);
    CHECK(flows_have_room(&flows));
}

int main(void)
{
    RUN(counts);
    RUN(a7_the_guest_may_open_three_quarters);
    RUN(full);
    return CHECK_RESULT();
}
