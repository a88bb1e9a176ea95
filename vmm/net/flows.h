/* User mode: how many sockets of the host libslirp has for the guest, and whether it may have one more.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * libslirp makes a socket for each connection, for each port that the guest sends datagrams from, and for each ping,
 * without any bound. Of net.connections three quarters are for what the guest opens; the rest is left to clients of
 * forwarded ports. */
#ifndef BH_VMM_NET_FLOWS_H
#define BH_VMM_NET_FLOWS_H

#include <stdbool.h>
#include <stdint.h>

#define FLOWS_FD_MAX 32768u

struct flows {
    uint32_t limit;
    uint32_t streams, datagrams; /* open now; pings count as datagrams */
    uint8_t kinds[FLOWS_FD_MAX]; /* by descriptor; enum of flows.c */
    uint32_t sent_s
        [65536]; /* by port of the guest's: when it sent a datagram last, in seconds; 0: never; UINT32_MAX: forwarded */
};

/* `limit`: net.connections, or less if this process may not have as many descriptors. */
void flows_init(struct flows *f, uint32_t limit);

/* Datagrams from this port of the guest's are answers to clients of a forwarded port: they open nothing. */
void flows_forward(struct flows *f, uint16_t port);

/* libslirp has opened or closes this descriptor. */
void flows_opened(struct flows *f, int fd);
void flows_closed(struct flows *f, int fd);

/* Whether there is room for one more client of a forwarded port. */
bool flows_have_room(const struct flows *f);

/* Whether libslirp gets this frame of the guest's: not one that opens a flow if those that it may open are open.
 * Headers were checked by reach_allows(). */
bool flows_admit(struct flows *f, const uint8_t *frame, uint32_t bytes, uint64_t now_ns);

#endif
