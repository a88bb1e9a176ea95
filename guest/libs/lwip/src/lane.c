/* Lanes, the network's end (include/net/lane.h): received data goes in, data to be sent comes out.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <net/lane.h>

#include "socket.h"

/* The private state of a lane, which the other end cannot change. */
struct net_lane_end {
    struct net_lane *shared;
    uint32_t received_head, sent_tail;
    uint16_t client;
    bool broken;     /* the other end broke the protocol: the lane is not used any more */
    bool unfinished; /* the network's thread goes on */
    bool news;       /* since net_lane_wait() returned last */
};

static struct net_lane_end lanes[NET_LANES_MAX]; /* `shared` is NULL: free */
static uint16_t last_serial;

int net_lane_open(net_lane_t *lane, struct net_lane **given)
{
    if (!lane || !given)
        return -EINVAL;
    uint32_t client = bh_caller();
    if (!net_client_take(client, NET_LANES))
        return -ENOBUFS;
    struct net_lane_end *l = lanes;
    while (l < lanes + NET_LANES_MAX && l->shared)
        l++;
    struct net_lane *shared = l < lanes + NET_LANES_MAX ? bh_malloc_shared(sizeof(*shared)) : NULL;
    if (!shared) {
        net_client_give(client, NET_LANES);
        return -ENOBUFS;
    }
    memset(shared, 0, sizeof(*shared));
    *l = (struct net_lane_end){.shared = shared, .client = (uint16_t)client};
    *lane = l;
    *given = shared;
    return 0;
}

int net_lane_close(net_lane_t l)
{
    if (!l)
        return -EBADF;
    for (uint32_t i = 0; i < NET_SOCKETS_MAX; i++) {
        struct net_socket *s = net_socket_at(i);
        if (s && s->lane == l)
            s->lane = NULL;
    }
    bh_free_shared(l->shared);
    l->shared = NULL;
    net_client_give(l->client, NET_LANES);
    return 0;
}

void net_lane_join(struct net_socket *s, struct net_lane_end *lane)
{
    s->lane = lane;
    last_serial += last_serial == UINT16_MAX ? 2 : 1; /* 0 is no serial number: the name of a socket without a lane */
    s->serial = last_serial;
    s->pushed = lane->shared->taken[s->index] + NET_LANE_CREDIT; /* all credit is used up until the caller gives some */
}

uint32_t net_lane_name(const struct net_socket *s)
{
    return (uint32_t)s->serial << 16 | s->index;
}

int net_attach(net_lane_t lane, net_socket_t s, uint32_t *index)
{
    if (!lane || !s || !index)
        return -EINVAL;
    if (s->datagram || s->lane || s->first)
        return -EOPNOTSUPP;
    net_lane_join(s, lane);
    *index = net_lane_name(s);
    return 0;
}

/* ---- To the application ---- */

/* Bytes of the socket that the application has not read. */
uint32_t net_lane_unread(const struct net_socket *s)
{
    uint32_t unread = s->lane ? s->pushed - s->lane->shared->taken[s->index] : 0;
    return unread > NET_LANE_CREDIT ? NET_LANE_CREDIT : unread;
}

/* Writes one record. False: there is no room for a useful one. */
static bool push_some(struct net_socket *s)
{
    struct net_lane_end *l = s->lane;
    struct net_ring *ring = &l->shared->received;
    uint32_t n = s->received < NET_RECORD_MAX ? s->received : NET_RECORD_MAX, here;
    uint32_t filled = l->received_head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE), bytes = net_record_bytes(n);
    if (filled > NET_LANE_BYTES || bytes > NET_LANE_BYTES - filled || net_lane_unread(s) + n > NET_LANE_CREDIT)
        return false;
    struct net_record *record = (void *)net_ring_at(ring, l->received_head, &here);
    *record = (struct net_record){net_lane_name(s), n};
    here -= sizeof(*record);
    uint32_t first = n < here ? n : here;
    net_tcp_consume(s, (uint8_t *)(record + 1), first);
    net_tcp_consume(s, ring->data, n - first);
    l->received_head += bytes;
    s->pushed += n;
    __atomic_store_n(&ring->head, l->received_head, __ATOMIC_RELEASE);
    return true;
}

bool net_lane_push(struct net_socket *s)
{
    if (!s->lane || s->lane->broken || s->listener)
        return false;
    while (s->received)
        if (!push_some(s))
            return false;
    return true;
}

/* ---- From the application ---- */

static void take_record(struct net_lane_end *l, const struct net_record *record)
{
    uint32_t here;
    const uint8_t *data = net_ring_at(&l->shared->sent, l->sent_tail, &here) + sizeof(*record);
    struct net_socket *s = net_socket_at(record->socket & 0xffff);
    if (!s || s->lane != l || s->serial != record->socket >> 16)
        return; /* closed meanwhile */
    here -= (uint32_t)sizeof(*record);
    uint32_t first = record->size < here ? record->size : here;
    net_tcp_send_all(s, data, first, l->shared->sent.data, record->size - first);
}

/* Takes at most a ring full at a time, so that a caller that never stops does not keep others waiting. True: there is
 * more. */
static bool run_lane(struct net_lane_end *l)
{
    struct net_ring *ring = &l->shared->sent;
    for (uint32_t done = 0; !l->broken;) {
        struct net_record record;
        int bad;
        uint32_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
        uint32_t bytes = net_ring_peek(ring, l->sent_tail, head, &record, &bad);
        l->broken = bad;
        if (bytes) {
            take_record(l, &record);
            l->sent_tail += bytes;
            done += bytes;
            if (done < NET_LANE_BYTES)
                continue;
        }
        __atomic_store_n(&ring->tail, l->sent_tail, __ATOMIC_SEQ_CST);
        if (bytes)
            return true;
        if (__atomic_load_n(&ring->head, __ATOMIC_SEQ_CST) == head)
            break; /* records that come from now on see an unmoved tail, so their writer calls */
    }
    return false;
}

int net_lane_run(net_lane_t l)
{
    if (!l)
        return -EBADF;
    l->unfinished = run_lane(l);
    net_leave();
    if (l->unfinished)
        net_device_look();
    return 0;
}

bool net_lanes_again(void)
{
    bool more = false;
    for (uint32_t i = 0; i < NET_LANES_MAX; i++) {
        if (!lanes[i].shared)
            continue;
        if (lanes[i].unfinished)
            lanes[i].unfinished = run_lane(&lanes[i]);
        more |= lanes[i].unfinished;
    }
    return more;
}

/* ---- Waiting ---- */

int net_lane_wait(net_lane_t l)
{
    if (!l)
        return -EBADF;
    while (!l->news)
        if (bh_core()->sleep(l, BH_FOREVER) == -ECANCELED)
            return -EPIPE; /* the caller died */
    l->news = false;
    return 0;
}

void net_lanes_tell(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the event is seen, or `armed` is */
    for (uint32_t i = 0; i < NET_LANES_MAX; i++) {
        if (!lanes[i].shared || !lanes[i].shared->armed)
            continue;
        lanes[i].news = true;
        bh_core()->wakeup(&lanes[i], UINT32_MAX);
    }
}

void net_lanes_choke(void)
{
    uint32_t choked = !net_data_room(NET_USE_SENT);
    for (uint32_t i = 0; i < NET_LANES_MAX; i++)
        if (lanes[i].shared && lanes[i].shared->choked != choked)
            lanes[i].shared->choked = choked;
}
