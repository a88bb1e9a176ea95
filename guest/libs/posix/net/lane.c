/* The application's end of a lane (guest/libs/lwip/include/net/lane.h): each socket has an inbox for received data, and
 * small data is sent without a call.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <bh/bulkhead.h>
#include <net/lane.h>

#include "net_socket.h"

enum {
    INBOX_KEEP = 4096,   /* an empty one that is larger is freed */
    UNASKED_MAX = 16384, /* bytes of records that wait for px_net_flush() */
};

static struct net_lane *lane; /* NULL: none, every transfer is a call */
static net_lane_t handle;
static uint32_t received_tail, sent_head;
static uint32_t asked_head; /* the head that the network was last asked to look at */
static bool broken;         /* the other end broke the rules */
static bool stalled;        /* there was no memory for the next record */

/* At the end of the application, written data has to reach the network before the appliance stops. */
static void finish_lane(void)
{
    if (lane && sent_head != lane->sent.tail)
        net_lane_run(handle);
}

void px_lane_open(void)
{
    struct net_lane *given = NULL;
    if (net_lane_open(&handle, &given) == 0 && given && atexit(finish_lane) == 0)
        lane = given;
}

void px_lane_shut(void)
{
    lane = NULL;
}

bool px_lane_arm(bool on)
{
    if (lane)
        __atomic_store_n(&lane->armed, on, __ATOMIC_SEQ_CST);
    return lane != NULL;
}

bool px_lane_wait(void)
{
    return net_lane_wait(handle) == 0;
}

/* Until the caller is ready for data, the network compartment believes that all credit is used up. */
void px_lane_grant(struct px_socket *s, uint32_t name)
{
    s->name = name;
    s->index = name & 0xffff;
    s->in_lane = lane && s->type == SOCK_STREAM && name >> 16 && s->index < NET_SOCKETS_MAX;
    if (!s->in_lane)
        return;
    s->taken = lane->taken[s->index] + NET_LANE_CREDIT;
    lane->taken[s->index] = s->taken;
}

void px_lane_attach(struct px_socket *s)
{
    uint32_t name;
    if (lane && s->type == SOCK_STREAM && net_attach(handle, s->handle, &name) == 0)
        px_lane_grant(s, name);
}

/* ---- Receiving ---- */

static bool make_room(struct px_socket *s, uint32_t size)
{
    if (s->inbox_start + s->inbox_size + size <= s->inbox_room)
        return true;
    uint32_t room = s->inbox_room ? s->inbox_room : 256;
    while (room < s->inbox_size + size)
        room *= 2;
    uint8_t *larger = room > s->inbox_room ? malloc(room) : s->inbox;
    if (!larger)
        return false;
    if (s->inbox_size)
        memmove(larger, s->inbox + s->inbox_start, s->inbox_size);
    if (larger != s->inbox)
        free(s->inbox);
    s->inbox = larger;
    s->inbox_room = room;
    s->inbox_start = 0;
    return true;
}

/* False: there is no memory now, or the other end sent more than its credit. */
static bool deliver_record(struct px_socket *s, const struct net_record *record)
{
    if (record->size > NET_LANE_CREDIT - s->inbox_size) {
        broken = true;
        return false;
    }
    uint32_t here;
    const uint8_t *data = net_ring_at(&lane->received, received_tail, &here) + sizeof(*record);
    if (!make_room(s, record->size))
        return false;
    here -= (uint32_t)sizeof(*record);
    uint32_t first = record->size < here ? record->size : here;
    uint8_t *to = s->inbox + s->inbox_start + s->inbox_size;
    memcpy(to, data, first);
    memcpy(to + first, lane->received.data, record->size - first);
    s->inbox_size += record->size;
    return true;
}

void px_lane_poll(void)
{
    struct net_record record;
    int bad = 0;
    uint32_t bytes = 0, before = received_tail;
    while (lane && !broken) {
        uint32_t head = __atomic_load_n(&lane->received.head, __ATOMIC_ACQUIRE);
        bytes = net_ring_peek(&lane->received, received_tail, head, &record, &bad);
        broken |= bad;
        if (!bytes)
            break;
        struct px_socket *s = px_net_socket(record.socket & 0xffff);
        bool mine = s && s->name == record.socket;
        if (mine && !deliver_record(s, &record)) {
            stalled = !broken; /* it stays there until there is memory */
            break;
        }
        received_tail += bytes;
        if (mine && stalled)
            px_notify(&s->file); /* its event was told while the data was still in the lane */
    }
    if (!bytes)
        stalled = false;
    if (received_tail != before)
        __atomic_store_n(&lane->received.tail, received_tail, __ATOMIC_RELEASE);
}

bool px_lane_stalled(void)
{
    return stalled;
}

static void empty_inbox(struct px_socket *s)
{
    s->inbox_start = 0;
    if (s->inbox_room <= INBOX_KEEP)
        return;
    free(s->inbox);
    s->inbox = NULL;
    s->inbox_room = 0;
}

ssize_t px_lane_receive(struct px_socket *s, const struct iovec *iov, int n, size_t done, int flags)
{
    if (s->inbox_size < px_iov_size(iov, n) - done)
        px_lane_poll();
    if (!s->inbox_size)
        return -EAGAIN;
    uint32_t got = (uint32_t)px_iov_scatter(iov, n, done, (char *)s->inbox + s->inbox_start, s->inbox_size);
    if (!(flags & MSG_PEEK))
        px_lane_drop(s, got);
    return (ssize_t)got;
}

void px_lane_drop(struct px_socket *s, uint32_t n)
{
    if (!s->in_lane)
        return;
    if (n > s->inbox_size)
        n = s->inbox_size;
    s->inbox_start += n;
    s->inbox_size -= n;
    s->taken += n;
    lane->taken[s->index] = s->taken;
    if (!s->inbox_size)
        empty_inbox(s);
}

/* ---- Sending ---- */

/* Copies the data behind the record header; it may wrap around the end of the ring. */
static void gather_into_ring(uint8_t *to, uint32_t here, const struct iovec *iov, int n)
{
    for (int i = 0; i < n; i++) {
        const uint8_t *from = iov[i].iov_base;
        size_t first = iov[i].iov_len < here ? iov[i].iov_len : here, rest = iov[i].iov_len - first;
        memcpy(to, from, first);
        to += first;
        here -= (uint32_t)first;
        if (rest) {
            memcpy(lane->sent.data, from + first, rest);
            to = lane->sent.data + rest;
            here = NET_LANE_BYTES;
        }
    }
}

/* Asks the network compartment to look at the lane, without waiting for it. */
static void nudge_network(void)
{
    int before = errno;
    struct bh_try call;
    bh_try_begin(&call, 0);
    net_lane_run(handle);
    bh_try_end(&call);
    errno = before;
}

/* No call is needed if the network has not looked at an older record yet: then it will find these as well. */
void px_net_flush(void)
{
    if (asked_head == sent_head)
        return;
    uint32_t tail = __atomic_load_n(&lane->sent.tail, __ATOMIC_SEQ_CST);
    bool reached = tail - asked_head <= sent_head - asked_head;
    asked_head = sent_head;
    if (reached && tail != sent_head)
        nudge_network();
}

/* Is the caller an event loop, which is about to wait? Then its writes to all clients are sent together. */
static bool in_a_loop(const struct px_socket *s)
{
    return s->file.watches && s->file.flags & O_NONBLOCK;
}

bool px_lane_send(struct px_socket *s, const struct iovec *iov, int n, size_t size, int flags)
{
    const unsigned bits = NET_WRITABLE | NET_ERROR | NET_HANGUP;
    if (!s->in_lane || broken || s->send_shut || !size || size > NET_RECORD_MAX ||
        flags & ~(MSG_NOSIGNAL | MSG_DONTWAIT) || lane->choked || (px_net_word(s) & bits) != NET_WRITABLE)
        return false;
    struct net_ring *ring = &lane->sent;
    uint32_t bytes = net_record_bytes((uint32_t)size), here;
    uint32_t filled = sent_head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
    if (filled > NET_LANE_BYTES || bytes > NET_LANE_BYTES - filled)
        return false;
    struct net_record *record = (void *)net_ring_at(ring, sent_head, &here);
    *record = (struct net_record){s->name, (uint32_t)size};
    gather_into_ring((uint8_t *)(record + 1), here - (uint32_t)sizeof(*record), iov, n);
    sent_head += bytes;
    __atomic_store_n(&ring->head, sent_head, __ATOMIC_SEQ_CST);
    if (!in_a_loop(s) || sent_head - asked_head >= UNASKED_MAX)
        px_net_flush();
    return true;
}
