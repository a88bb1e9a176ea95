/* Sockets of the network as open files. Every operation is one gate call; none blocks.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "net_socket.h"

static struct px_socket *socket_of(struct px_file *f)
{
    return (struct px_socket *)f;
}

/* A buffer for `size` bytes that cross the gate: a bounce buffer if one is free, else private memory. */
static char *borrow_buffer(size_t size, bool *bounced)
{
    char *buffer = px_bounce_take();
    *bounced = buffer != NULL;
    return buffer ? buffer : malloc(size ? size : 1);
}

static void return_buffer(char *buffer, bool bounced)
{
    if (bounced)
        px_bounce_give(buffer);
    else
        free(buffer);
}

static ssize_t receive_by_call(struct px_socket *s, const struct iovec *iov, int n, size_t done, int flags,
                               struct net_address *address)
{
    bool bounced;
    size_t size = px_iov_size(iov, n) - done;
    if (size > PX_BOUNCE_SIZE)
        size = PX_BOUNCE_SIZE;
    char *buffer = borrow_buffer(size, &bounced);
    if (!buffer)
        return -ENOBUFS;
    ssize_t got =
        address ? net_recvfrom(s->handle, buffer, size, flags, address) : net_recv(s->handle, buffer, size, flags);
    if (got > (ssize_t)size && (s->type == SOCK_STREAM || !(flags & MSG_TRUNC)))
        got = -EPROTO; /* only MSG_TRUNC tells of more than was read */
    if (got > 0)
        px_iov_scatter(iov, n, done, buffer, (size_t)got < size ? (size_t)got : size);
    return_buffer(buffer, bounced);
    if (got == -EPIPE) /* no answer from the network */
        return s->type == SOCK_STREAM ? -ECONNRESET : px_net_lost(s);
    return got;
}

/* May the network compartment have more than what the lane had? */
static bool ask_for_more(const struct px_socket *s, size_t done)
{
    unsigned word = px_net_word(s);
    return done ? word & NET_READABLE : !s->in_lane || word != NET_WRITABLE;
}

/* Fetches received data from the inbox, the lane and the network compartment, which hold it in this order. Less than
 * was asked for means that all three were empty; users of edge-triggered epoll rely on that, and so it is always an
 * event that reports what comes later. */
ssize_t px_socket_receive(struct px_socket *s, const struct iovec *iov, int n, int flags, struct net_address *address)
{
    size_t size = px_iov_size(iov, n), done = 0;
    flags &= ~NET_MSG_REST;
    if (flags & MSG_OOB)
        return receive_by_call(s, iov, n, 0, flags, address);
    for (bool empty = false; !empty;) {
        size_t asked = size - done < PX_BOUNCE_SIZE ? size - done : PX_BOUNCE_SIZE;
        ssize_t got = s->in_lane ? px_lane_receive(s, iov, n, done, flags) : -EAGAIN;
        if (got == -EAGAIN && ask_for_more(s, done)) {
            got = receive_by_call(s, iov, n, done, done ? flags | NET_MSG_REST : flags, address);
            empty = got >= 0 && (size_t)got < asked;
            if (got == -EAGAIN && s->in_lane) /* data may have come by the lane before the call arrived */
                got = px_lane_receive(s, iov, n, done, flags);
        }
        if (got <= 0)
            return done ? (ssize_t)done : got;
        done += (size_t)got;
        if (done >= size || s->type != SOCK_STREAM || flags & MSG_PEEK)
            break;
    }
    return (ssize_t)done;
}

/* What the network takes of `size` bytes at `data`. */
static ssize_t send_by_call(struct px_socket *s, const char *data, size_t size, int flags,
                            const struct net_address *address)
{
    return address ? net_sendto(s->handle, data, size, flags, address) : net_send(s->handle, data, size, flags);
}

/* Less than was asked for means that the network takes no more now: then it will report when it does. */
ssize_t px_socket_send(struct px_socket *s, const struct iovec *iov, int n, int flags,
                       const struct net_address *address)
{
    size_t size = px_iov_size(iov, n), done = 0;
    bool bounced;
    if (px_lane_send(s, iov, n, size, flags))
        return (ssize_t)size;
    if (s->type != SOCK_STREAM && size > PX_BOUNCE_SIZE)
        return -EMSGSIZE;
    if (n == 1 && !address && px_bounce_has(iov->iov_base)) /* sendfile() */
        return net_send(s->handle, iov->iov_base, size, flags);
    char *buffer = borrow_buffer(size < PX_BOUNCE_SIZE ? size : PX_BOUNCE_SIZE, &bounced);
    if (!buffer)
        return -ENOBUFS;
    ssize_t put;
    size_t part;
    do {
        part = px_iov_gather(iov, n, done, buffer, PX_BOUNCE_SIZE);
        put = send_by_call(s, buffer, part, flags, address);
        done += put > 0 ? (size_t)put : 0;
    } while (done < size && put == (ssize_t)part);
    return_buffer(buffer, bounced);
    if (done)
        return (ssize_t)done;
    return put == -EPIPE && s->type != SOCK_STREAM ? -ENETDOWN : put;
}

static ssize_t socket_read(struct px_file *f, const struct iovec *iov, int n)
{
    if (socket_of(f)->type == SOCK_STREAM && !px_iov_size(iov, n))
        return 0; /* recv() of nothing would ask whether there is data */
    return px_socket_receive(socket_of(f), iov, n, 0, NULL);
}

static ssize_t socket_write(struct px_file *f, const struct iovec *iov, int n)
{
    return px_socket_send(socket_of(f), iov, n, 0, NULL);
}

static unsigned socket_poll(struct px_file *f)
{
    unsigned word = px_net_word(socket_of(f));
    return (word & NET_READABLE || socket_of(f)->inbox_size ? POLLIN | POLLRDNORM : 0) |
           (word & NET_WRITABLE ? POLLOUT | POLLWRNORM : 0) | (word & NET_ERROR ? POLLERR : 0) |
           (word & NET_HANGUP ? POLLHUP : 0) | (word & NET_RDHUP ? POLLRDHUP : 0);
}

static int socket_stat(struct px_file *f, struct stat *st)
{
    st->st_mode = S_IFSOCK | 0777;
    st->st_ino = socket_of(f)->index;
    return 0;
}

static long socket_available(struct px_file *f)
{
    struct px_socket *s = socket_of(f);
    int64_t n;
    px_lane_poll();
    if (s->in_lane && !(px_net_word(s) & NET_READABLE))
        return s->inbox_size;
    return s->inbox_size + (net_getopt(s->handle, SOL_SOCKET, SO_NREAD, &n) == 0 ? (long)n : 0);
}

static void socket_close(struct px_file *f)
{
    struct px_socket *s = socket_of(f);
    px_net_remove(s);
    net_close(s->handle);
    free(s->inbox);
    free(s);
}

static const struct px_ops ops = {
    .read = socket_read,
    .write = socket_write,
    .poll = socket_poll,
    .stat = socket_stat,
    .available = socket_available,
    .close = socket_close,
};

bool px_is_socket(const struct px_file *f)
{
    return f->ops == &ops;
}

/* May the network compartment give a new socket this handle and place in its table? No other socket has them. */
static int check_named(const struct px_socket *s, uint32_t index)
{
    return s->handle && index < NET_SOCKETS_MAX && !px_net_socket(index) ? 0 : -EPROTO;
}

int px_socket_open(struct px_socket **out, int family, int type, int protocol)
{
    int r = px_net_start();
    if (r)
        return r;
    struct px_socket *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    r = net_socket(family, type, protocol, &s->handle, &s->index);
    if (!r)
        r = check_named(s, s->index);
    if (r) {
        free(s);
        return r < 0 ? r : -EPROTO;
    }
    s->family = family;
    s->type = type;
    px_file_init(&s->file, &ops, O_RDWR);
    px_net_add(s);
    px_lane_attach(s);
    *out = s;
    return 0;
}

int px_socket_accept(struct px_socket *s, struct px_socket **out, struct net_address *peer)
{
    struct px_socket *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    int r = net_accept(s->handle, &c->handle, &c->index, peer);
    if (!r)
        r = check_named(c, c->index & 0xffff);
    if (r) {
        free(c);
        if (r > 0)
            return -EPROTO;
        return r == -EPIPE ? px_net_lost(s) : r;
    }
    c->family = s->family;
    c->type = s->type;
    px_file_init(&c->file, &ops, O_RDWR);
    uint32_t name = c->index;
    c->index &= 0xffff;
    px_net_add(c);
    px_lane_grant(c, name);
    *out = c;
    return 0;
}
