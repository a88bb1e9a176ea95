/* A lane: two rings in a share, through which small transfers of stream sockets cross without a call.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A call that waits for its reply needs both virtual machines to run at that moment; where they share processors with
 * each other and with the clients that costs far more than the call. So what a socket received is put into the lane as
 * it comes, and what is small and to be sent is put there by the caller. Large transfers, and whatever does not fit,
 * are calls as ever.
 *
 * Both rings hold records: a header, then the data. Whoever writes owns `head`, whoever reads owns `tail`; both are
 * byte counts that run on. Neither side trusts the other: cursors are private, each field is loaded once and checked.
 *
 * received: written by the network compartment. What does not fit stays queued: NET_READABLE is set as ever, and
 * net_recv()
 *     fetches it, but not before the caller has taken[] all that was in the lane, so that the order stays.
 * sent: written by the caller, to sockets that are NET_WRITABLE only, and not while `choked`. Calls on the same socket
 * come after
 *     what is in the lane. After writing: net_lane_run(), unless the network compartment has yet to look at something
 *     older
 *     (tail has not reached where head was before). Data that finds no memory in spite of that ends its connection.
 *
 * Records name a socket by its index and a serial number, so that no data gets to a later socket of the same index. */
#ifndef NET_LANE_H
#define NET_LANE_H

#include <net/net.h>

#define NET_LANE_BYTES   262144u /* of a ring; power of two */
#define NET_RECORD_MAX   32768u  /* bytes of data in a record */
#define NET_RECORD_ALIGN 64u     /* records begin at multiples: no more than 4096 in a ring */
#define NET_LANE_CREDIT  65536u  /* bytes of one socket that are in the lane or were not read from it yet */

struct net_record {
    uint32_t socket; /* serial << 16 | index: what net_attach() and net_accept() tell */
    uint32_t size;   /* 1 to NET_RECORD_MAX */
};

struct net_ring {
    _Alignas(64) volatile uint32_t head; /* bytes ever written */
    _Alignas(64) volatile uint32_t tail; /* bytes ever read */
    _Alignas(64) uint8_t data[NET_LANE_BYTES];
};

struct net_lane {
    struct net_ring received, sent;
    volatile uint32_t choked; /* the network compartment is short of memory: use calls */
    /* By the caller: its VM is about to park, so net_lane_wait() has to return for each event. Otherwise it looks at
     * the generation (net.h) itself. First set, then look. */
    _Alignas(64) volatile uint32_t armed;
    _Alignas(64) volatile uint32_t taken[NET_SOCKETS_MAX]; /* by index: bytes that the caller's application has read */
};

/* Of a record, padding included. */
static inline uint32_t net_record_bytes(uint32_t size)
{
    return ((uint32_t)sizeof(struct net_record) + size + NET_RECORD_ALIGN - 1) & ~(NET_RECORD_ALIGN - 1);
}

/* Where the byte at position `at` lies; how many from there up to the ring's end. */
static inline uint8_t *net_ring_at(struct net_ring *r, uint32_t at, uint32_t *here)
{
    *here = NET_LANE_BYTES - (at & (NET_LANE_BYTES - 1));
    return r->data + (at & (NET_LANE_BYTES - 1));
}

/* The next record between private `tail` and `head`: its header, fetched once. 0: none, or one that cannot be (*bad).
 */
static inline uint32_t net_ring_peek(struct net_ring *r, uint32_t tail, uint32_t head, struct net_record *record,
                                     int *bad)
{
    uint32_t here, filled = head - tail;
    *bad = 0;
    if (!filled)
        return 0;
    const volatile struct net_record *at = (const volatile void *)net_ring_at(r, tail, &here);
    record->socket = at->socket;
    record->size = at->size;
    uint32_t bytes = record->size <= NET_RECORD_MAX ? net_record_bytes(record->size) : UINT32_MAX;
    *bad = filled > NET_LANE_BYTES || tail % NET_RECORD_ALIGN || record->size == 0 || bytes > filled;
    return *bad ? 0 : bytes;
}

#endif
