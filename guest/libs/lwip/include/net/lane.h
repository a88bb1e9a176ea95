/* A lane: two rings in a share, through which small transfers of stream sockets cross without a call.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A call that waits for its reply needs both virtual machines to run at that moment. Where they share processors
 * with each other and with the clients, that costs far more than the call itself. So the network compartment puts
 * received data into the lane as it comes, and the caller puts small data to be sent there. Large transfers, and
 * whatever does not fit, are calls as before.
 *
 * Both rings hold records: a header, then the data. The writer owns `head` and the reader owns `tail`; both are byte
 * counts that wrap at 2^32. Neither side trusts the other: it keeps its cursor in private memory, and loads and
 * checks each field once. Nothing here blocks.
 *
 * received: The network compartment writes it. Data that does not fit stays queued: NET_READABLE is set as usual,
 * and net_recv() fetches it, but only after the caller has added all that was in the lane to taken[], which keeps
 * the order.
 *
 * sent: The caller writes it, only to sockets that are NET_WRITABLE, and not while `choked`. Later calls on the same
 * socket come after the data in the lane. After writing, the caller calls net_lane_run(), unless the network
 * compartment has not yet looked at an older record (tail has not reached the previous head). If there is no memory
 * for the data in spite of that, its connection ends.
 *
 * Records name a socket by its index and a serial number, so that no data reaches a later socket with the same
 * index. */
#ifndef NET_LANE_H
#define NET_LANE_H

#include <net/net.h>

#define NET_LANE_BYTES   262144u /* data of a ring; a power of two */
#define NET_RECORD_MAX   32768u  /* bytes of data in a record */
#define NET_RECORD_ALIGN 64u     /* records begin at multiples of it, so a ring holds at most 4096 */
#define NET_LANE_CREDIT  65536u  /* bytes of one socket that may be in the lane or in the caller's inbox */

struct net_record {
    uint32_t socket; /* serial << 16 | index, as net_attach() and net_accept() store it */
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
    /* The caller sets this before its VM parks, so that net_lane_wait() returns at the next event; otherwise it
     * looks at the generation (net.h) itself. It has to set the flag first and then check for events once more. */
    _Alignas(64) volatile uint32_t armed;
    _Alignas(64) volatile uint32_t taken[NET_SOCKETS_MAX]; /* by index: bytes that the application has read */
};

/* Bytes of a record with `size` bytes of data, padding included. */
static inline uint32_t net_record_bytes(uint32_t size)
{
    return ((uint32_t)sizeof(struct net_record) + size + NET_RECORD_ALIGN - 1) & ~(NET_RECORD_ALIGN - 1);
}

/* Where the byte at position `at` lies. *here: how many bytes there are up to the end of the ring. */
static inline uint8_t *net_ring_at(struct net_ring *r, uint32_t at, uint32_t *here)
{
    *here = NET_LANE_BYTES - (at & (NET_LANE_BYTES - 1));
    return r->data + (at & (NET_LANE_BYTES - 1));
}

/* Fetches the header of the next record between the private `tail` and `head`, once. Returns the bytes of the
 * record, or 0: there is none, or its header is impossible (*bad). */
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
