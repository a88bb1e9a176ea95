/* TCP data: received packets are queued in place, and copied once, to the caller's buffer.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <net/lane.h>

#include "socket.h"

enum { WRITE_MAX = 0xffff };

/* ---- lwIP calls back ---- */

bool net_may_keep(const struct net_socket *s)
{
    return !net_buffers_gone() && (!net_buffers_scarce() || s->received < NET_LITTLE);
}

struct pbuf *net_keep(const struct net_socket *s, struct pbuf *p)
{
    if (!net_buffers_low() || !net_data_room(s->received < NET_LITTLE ? NET_USE_RECEIVED_LITTLE : NET_USE_RECEIVED))
        return p;
    struct pbuf *copy = pbuf_clone(PBUF_RAW, PBUF_RAM, p);
    if (!copy)
        return p;
    pbuf_free(p);
    return copy;
}

static void enqueue_received(struct net_socket *s, struct pbuf *p)
{
    s->received += p->tot_len;
    if (s->first)
        s->last->next = p;
    else
        s->first = p;
    while (p->next)
        p = p->next;
    s->last = p;
}

err_t net_tcp_on_receive(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t e)
{
    struct net_socket *s = arg;
    (void)e;
    if (!p) {
        s->end_of_file = true;
        if (s->send_shut) {
            net_tcp_detach(s);
            net_raise(s, NET_READABLE | NET_RDHUP | NET_HANGUP);
        } else {
            net_raise(s, NET_READABLE | NET_RDHUP);
        }
        return ERR_OK;
    }
    if (s->receive_shut) {
        tcp_recved(pcb, p->tot_len);
        pbuf_free(p);
        return ERR_OK;
    }
    p = net_urgent_remove(s, p);
    if (!p)
        return ERR_OK;
    enqueue_received(s, net_keep(s, p));
    if (net_lane_push(s)) {
        net_lower(s, NET_READABLE);
        net_raise(s, 0);
    } else {
        net_raise(s, NET_READABLE);
    }
    return ERR_OK;
}

/* tcp_sndbuf() stops at 64 KiB. With a lane, there has to be room for all data that may still be in the lane. */
static bool has_room(const struct net_socket *s)
{
    const struct tcp_pcb *pcb = s->tcp;
    return pcb->snd_buf >= (s->lane ? NET_LANE_BYTES : TCP_SND_BUF / 4) && tcp_sndqueuelen(pcb) < TCP_SND_QUEUELEN / 2;
}

err_t net_tcp_on_sent(void *arg, struct tcp_pcb *pcb, uint16_t n)
{
    struct net_socket *s = arg;
    (void)n;
    (void)pcb;
    if (!(net_word(s) & NET_WRITABLE) && has_room(s))
        net_raise(s, NET_WRITABLE);
    return ERR_OK;
}

err_t net_tcp_on_poll(void *arg, struct tcp_pcb *pcb)
{
    struct net_socket *s = arg;
    (void)pcb;
    if (s && s->starved) {
        s->starved = false;
        net_raise(s, NET_WRITABLE);
    }
    return ERR_OK;
}

/* ---- Receiving ---- */

/* Frees the first pbuf of the queue, but not the ones behind it. */
static void pop_received(struct net_socket *s)
{
    struct pbuf *p = s->first;
    s->first = p->next;
    s->consumed = 0;
    p->next = NULL;
    p->tot_len = p->len;
    pbuf_free(p);
}

static void tell_consumed(struct net_socket *s, size_t n)
{
    for (; s->tcp && n; n -= n < WRITE_MAX ? n : WRITE_MAX)
        tcp_recved(s->tcp, (uint16_t)(n < WRITE_MAX ? n : WRITE_MAX));
}

static size_t consume_received(struct net_socket *s, uint8_t *to, size_t size)
{
    size_t done = 0;
    while (done < size && s->first) {
        size_t here = s->first->len - s->consumed;
        if (here > size - done)
            here = size - done;
        memcpy(to + done, (uint8_t *)s->first->payload + s->consumed, here);
        done += here;
        s->consumed += (uint32_t)here;
        if (s->consumed == s->first->len)
            pop_received(s);
    }
    s->received -= (uint32_t)done;
    return done;
}

static size_t peek_received(const struct net_socket *s, uint8_t *to, size_t size)
{
    size_t done = 0, skip = s->consumed;
    for (const struct pbuf *p = s->first; p && done < size; p = p->next, skip = 0) {
        size_t here = p->len - skip;
        if (here > size - done)
            here = size - done;
        memcpy(to + done, (uint8_t *)p->payload + skip, here);
        done += here;
    }
    return done;
}

size_t net_tcp_consume(struct net_socket *s, uint8_t *to, size_t size)
{
    size_t n = consume_received(s, to, size);
    tell_consumed(s, n);
    return n;
}

void net_tcp_drop_received(struct net_socket *s)
{
    uint32_t n = s->received;
    while (s->first)
        pop_received(s);
    s->received = 0;
    tell_consumed(s, n);
}

/* The result of a receive when nothing is queued. */
static ssize_t nothing_received(struct net_socket *s)
{
    if (s->error) {
        int e = s->error;
        s->error = 0;
        net_lower(s, NET_ERROR);
        return -e;
    }
    if (s->end_of_file || s->receive_shut || s->state == NET_CLOSED)
        return 0;
    return s->state == NET_CONNECTED || s->state == NET_CONNECTING ? -EAGAIN : -ENOTCONN;
}

ssize_t net_tcp_receive(struct net_socket *s, void *buffer, size_t size, int flags)
{
    if (flags & MSG_OOB)
        return net_urgent_receive(s, buffer, size, flags);
    if (net_lane_unread(s))
        return -EAGAIN; /* that comes first */
    if (!s->first)
        return flags & NET_MSG_REST ? -EAGAIN : nothing_received(s);
    if (flags & MSG_PEEK)
        return (ssize_t)peek_received(s, buffer, size);
    size_t n = net_tcp_consume(s, buffer, size);
    if (!s->first && !s->end_of_file && !s->error && s->state == NET_CONNECTED)
        net_lower(s, NET_READABLE);
    net_leave();
    return (ssize_t)n;
}

/* ---- Sending ---- */

/* How much memory lets us queue. */
static size_t allowed_to_send(const struct net_socket *s, size_t size)
{
    if (net_data_room(NET_USE_SENT))
        return size;
    if (tcp_sndqueuelen(s->tcp) || !net_data_room(NET_USE_SENT_LITTLE))
        return 0;
    return size < NET_LITTLE ? size : NET_LITTLE;
}

/* Queues as much as fits; bytes, or ERR_* if none. */
static ssize_t queue_to_send(struct net_socket *s, const uint8_t *from, size_t size, bool more)
{
    size_t done = 0;
    err_t e = ERR_OK;
    while (done < size && e == ERR_OK) {
        size_t most = s->tcp->snd_buf;
        uint32_t mss = tcp_mss(s->tcp);
        if (most > WRITE_MAX)
            most = mss ? WRITE_MAX / mss * mss : WRITE_MAX; /* whole segments */
        size_t n = size - done < most ? size - done : most;
        if (!n)
            break;
        bool last = done + n == size;
        e = tcp_write(s->tcp, from + done, (uint16_t)n,
                      TCP_WRITE_FLAG_COPY | (last && !more ? 0 : TCP_WRITE_FLAG_MORE));
        if (e == ERR_OK)
            done += n;
    }
    return done || e == ERR_MEM || e == ERR_OK ? (ssize_t)done : e;
}

static void out_of_memory(struct net_socket *s)
{
    struct tcp_pcb *pcb = s->tcp;
    net_tcp_detach(s);
    tcp_abort(pcb);
    s->error = ENOBUFS;
    net_raise(s, NET_READABLE | NET_WRITABLE | NET_HANGUP | NET_RDHUP | NET_ERROR);
}

void net_tcp_send_all(struct net_socket *s, const uint8_t *data, size_t size, const uint8_t *rest, size_t n_rest)
{
    if (s->state != NET_CONNECTED || s->send_shut || s->error)
        return; /* the word says so already */
    if (queue_to_send(s, data, size, n_rest) != (ssize_t)size ||
        (n_rest && queue_to_send(s, rest, n_rest, false) != (ssize_t)n_rest)) {
        out_of_memory(s);
        return;
    }
    if (!has_room(s))
        net_lower(s, NET_WRITABLE);
    tcp_output(s->tcp);
}

ssize_t net_tcp_send(struct net_socket *s, const void *buffer, size_t size, int flags)
{
    if (s->lane)
        net_lane_run(s->lane); /* came before */
    if (s->error) {
        int e = s->error;
        s->error = 0;
        net_lower(s, NET_ERROR);
        return -e;
    }
    if (s->state == NET_CONNECTING)
        return -EAGAIN;
    if (s->send_shut || s->state != NET_CONNECTED)
        return -EPIPE;
    if (flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (!size)
        return 0;
    ssize_t n = queue_to_send(s, buffer, allowed_to_send(s, size), flags & MSG_MORE);
    if (n < 0)
        return -EPIPE;
    if ((size_t)n < size || (s->lane && !has_room(s))) {
        net_lower(s, NET_WRITABLE);
        s->starved = tcp_sndqueuelen(s->tcp) == 0; /* no acknowledgement will come that could report it */
    }
    if (!(flags & MSG_MORE) || n >= tcp_mss(s->tcp))
        tcp_output(s->tcp);
    net_leave();
    return n ? n : -EAGAIN;
}
