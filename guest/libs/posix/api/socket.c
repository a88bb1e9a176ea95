/* Sockets as applications call them.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "../net/net_socket.h"

/* Returns a reference to the socket `fd`, or NULL and the reason in *r. */
static struct px_socket *get_socket(int fd, int *r)
{
    struct px_file *f = px_get(fd);
    *r = !f ? -EBADF : px_is_socket(f) ? 0 : px_is_pair(f) ? -EINVAL : -ENOTSOCK;
    if (!*r)
        return (struct px_socket *)f;
    if (f)
        px_put(f);
    return NULL;
}

/* Drops the reference and converts the result for the application. */
static long socket_done(struct px_socket *s, long r)
{
    if (s)
        px_put(&s->file);
    return px_result(r);
}

static int to_open_flags(int type)
{
    return (type & SOCK_NONBLOCK ? O_NONBLOCK : 0) | (type & SOCK_CLOEXEC ? O_CLOEXEC : 0);
}

static int install_socket(struct px_socket *s, int flags)
{
    s->file.flags |= flags & O_NONBLOCK;
    return px_open_fd(&s->file, 0, flags & O_CLOEXEC);
}

int socket(int family, int type, int protocol)
{
    struct px_socket *s;
    int r = px_socket_open(&s, family, type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC), protocol);
    return (int)px_result(r ? r : install_socket(s, to_open_flags(type)));
}

int socketpair(int family, int type, int protocol, int fds[2])
{
    int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (family != AF_UNIX)
        return (int)px_result(family == AF_INET || family == AF_INET6 ? -EOPNOTSUPP : -EAFNOSUPPORT);
    if (kind < 0 || kind > SOCK_SEQPACKET)
        return (int)px_result(-EINVAL);
    if (kind != SOCK_STREAM || (protocol && protocol != AF_UNIX))
        return (int)px_result(-EPROTONOSUPPORT);
    return px_socketpair_fds(fds, to_open_flags(type));
}

/* The least size of an address for a socket of IPv6; other sizes are checked with the family. */
static int check_size(const struct px_socket *s, socklen_t size)
{
    return s->family == AF_INET6 && size >= sizeof(sa_family_t) && size < offsetof(struct sockaddr_in6, sin6_scope_id)
               ? -EINVAL
               : 0;
}

int bind(int fd, const struct sockaddr *address, socklen_t size)
{
    int r;
    struct net_address a;
    struct px_socket *s = get_socket(fd, &r);
    if (!r)
        r = check_size(s, size);
    if (!r)
        r = px_address_in(&a, address, size);
    return (int)socket_done(s, r ? r : net_bind(s->handle, &a));
}

int listen(int fd, int backlog)
{
    int r;
    struct px_socket *s = get_socket(fd, &r);
    return (int)socket_done(s, r ? r : net_listen(s->handle, backlog));
}

int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
    int r;
    struct px_socket *s = get_socket(fd, &r), *c = NULL;
    struct net_address peer = {0};
    while (!r) {
        r = px_socket_accept(s, &c, &peer);
        if (r != -EAGAIN || s->file.flags & O_NONBLOCK)
            break;
        r = px_wait_ready(&s->file, POLLIN, s->file.read_timeout ? px_deadline(s->file.read_timeout) : PX_FOREVER);
    }
    if (!r)
        r = install_socket(c, to_open_flags(flags));
    if (r >= 0)
        px_address_out(&peer, address, size);
    return (int)socket_done(s, r);
}

int accept(int fd, struct sockaddr *address, socklen_t *size)
{
    return accept4(fd, address, size, 0);
}

static int error_of(struct px_socket *s)
{
    int64_t error;
    int r = net_getopt(s->handle, SOL_SOCKET, SO_ERROR, &error);
    if (r == -EPIPE) /* no answer from the network */
        return -ENETDOWN;
    return r < 0 ? r : error >= 0 && error <= INT_MAX ? -(int)error : -EPROTO;
}

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
    int r;
    struct net_address a;
    struct px_socket *s = get_socket(fd, &r);
    if (!r)
        r = px_address_in(&a, address, size);
    if (!r)
        r = net_connect(s->handle, &a);
    bool late = s && s->connecting && r == -EISCONN; /* the first call after it was done reports success */
    if (s)
        s->connecting = r == -EINPROGRESS || r == -EALREADY;
    if (r != -EINPROGRESS || !s || s->file.flags & O_NONBLOCK)
        return (int)socket_done(s, late ? 0 : r);
    uint64_t timeout = s->file.write_timeout;
    r = px_wait_ready(&s->file, POLLOUT, timeout ? px_deadline(timeout) : PX_FOREVER);
    s->connecting = r != 0;
    return (int)socket_done(s, r == -EAGAIN ? -EINPROGRESS : r ? r : error_of(s));
}

int shutdown(int fd, int how)
{
    int r;
    struct px_file *f = px_peek(fd);
    if (f && !px_is_socket(f) && px_shutdown_pair(f, how) == 0)
        return 0;
    struct px_socket *s = get_socket(fd, &r);
    if (!r)
        r = net_shutdown(s->handle, how);
    if (!r && how != SHUT_RD)
        s->send_shut = true;
    if (!r && how != SHUT_WR) {
        px_lane_poll();
        px_lane_drop(s, UINT32_MAX);
    }
    return (int)socket_done(s, r);
}

/* An end of a pair has a family and no name. */
static int name_pair(struct sockaddr *address, socklen_t *size)
{
    sa_family_t family = AF_UNIX;
    memcpy(address, &family, *size < sizeof(family) ? *size : sizeof(family));
    *size = sizeof(family);
    return 0;
}

static int name_of(int fd, int peer, struct sockaddr *address, socklen_t *size)
{
    int r;
    struct px_file *f = px_peek(fd);
    if (f && px_is_pair(f) && address && size)
        return name_pair(address, size);
    struct net_address a = {0}; /* what an error leaves as it is has to be in range, too */
    struct px_socket *s = get_socket(fd, &r);
    if (!r && !size)
        r = -EFAULT;
    if (!r && (int)*size < 0)
        r = -EINVAL;
    if (!r)
        r = net_getname(s->handle, peer, &a);
    if (!r)
        px_address_out(&a, address, size);
    return (int)socket_done(s, r);
}

int getsockname(int fd, struct sockaddr *address, socklen_t *size)
{
    return name_of(fd, 0, address, size);
}

int getpeername(int fd, struct sockaddr *address, socklen_t *size)
{
    return name_of(fd, 1, address, size);
}

/* ---- Transfer ---- */

static ssize_t receive_from_pair(int fd, struct px_file *f, const struct iovec *iov, int n, int flags)
{
    if (flags & ~(MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL))
        return px_result(-EOPNOTSUPP);
    if (flags & MSG_DONTWAIT && !(f->ops->poll(f) & POLLIN))
        return px_result(-EAGAIN);
    ssize_t got = readv(fd, iov, n);
    while (flags & MSG_WAITALL && n == 1 && got > 0 && (size_t)got < iov[0].iov_len) {
        ssize_t more = read(fd, (char *)iov[0].iov_base + got, iov[0].iov_len - (size_t)got);
        if (more <= 0)
            break;
        got += more;
    }
    return got;
}

static ssize_t receive_message(int fd, const struct iovec *iov, int n, int flags, struct net_address *from)
{
    int r;
    struct px_file *f = px_peek(fd);
    if (f && px_is_pair(f))
        return receive_from_pair(fd, f, iov, n, flags);
    struct px_socket *s = get_socket(fd, &r);
    if (r)
        return px_result(r);
    bool wait = !(flags & MSG_DONTWAIT) && !(s->file.flags & O_NONBLOCK), all = flags & MSG_WAITALL && n == 1;
    size_t got = 0;
    uint64_t deadline = 0;
    struct iovec rest = n ? iov[0] : (struct iovec){0};
    for (;;) {
        ssize_t now = px_socket_receive(s, all ? &rest : iov, n, flags & ~MSG_WAITALL, from);
        if (now == -EAGAIN && wait) {
            if (!deadline)
                deadline = s->file.read_timeout ? px_deadline(s->file.read_timeout) : PX_FOREVER;
            r = px_wait_ready(&s->file, POLLIN, deadline);
            if (!r)
                continue;
            now = r;
        }
        if (now > 0)
            got += (size_t)now;
        if (now <= 0 || !all || got == iov[0].iov_len)
            return socket_done(s, got ? (ssize_t)got : now);
        rest = (struct iovec){(char *)iov[0].iov_base + got, iov[0].iov_len - got};
    }
}

struct datagram {
    struct px_sink sink;
    int flags;
    const struct net_address *to;
};

static ssize_t put_message(struct px_file *f, const struct iovec *iov, int n, const struct px_sink *sink)
{
    const struct datagram *d = (const struct datagram *)sink;
    return px_socket_send((struct px_socket *)f, iov, n, d->flags, d->to);
}

static ssize_t transmit_message(int fd, const struct iovec *iov, int n, int flags, const struct net_address *to)
{
    int r;
    struct px_file *f = px_peek(fd);
    if (f && px_is_pair(f) && flags & MSG_DONTWAIT && !(f->ops->poll(f) & POLLOUT))
        return px_result(-EAGAIN);
    if (f && px_is_pair(f))
        return to ? px_result(-EISCONN) : writev(fd, iov, n);
    struct px_socket *s = get_socket(fd, &r);
    if (r)
        return px_result(r);
    bool wait = !(flags & MSG_DONTWAIT) && !(s->file.flags & O_NONBLOCK);
    struct datagram d = {{put_message, wait, flags & MSG_NOSIGNAL}, flags, to};
    return socket_done(s, px_write_to(&s->file, iov, n, &d.sink));
}

ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
    struct iovec iov = {buffer, size};
    return receive_message(fd, &iov, 1, flags, NULL);
}

ssize_t send(int fd, const void *buffer, size_t size, int flags)
{
    struct iovec iov = {(void *)buffer, size};
    return transmit_message(fd, &iov, 1, flags, NULL);
}

ssize_t recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *from, socklen_t *length)
{
    struct iovec iov = {buffer, size};
    struct net_address a = {0};
    ssize_t got = receive_message(fd, &iov, 1, flags, from ? &a : NULL);
    if (got >= 0 && from)
        px_address_out(&a, from, length);
    return got;
}

ssize_t sendto(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *to, socklen_t length)
{
    struct iovec iov = {(void *)buffer, size};
    struct net_address a;
    int r = to ? px_address_in(&a, to, length) : 0;
    return r ? px_result(r) : transmit_message(fd, &iov, 1, flags, to ? &a : NULL);
}

ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
    struct net_address a = {0};
    if (px_iov_size(m->msg_iov, (int)m->msg_iovlen) == SIZE_MAX)
        return px_result(-EMSGSIZE);
    ssize_t got = receive_message(fd, m->msg_iov, (int)m->msg_iovlen, flags, m->msg_name ? &a : NULL);
    if (got < 0)
        return got;
    if (m->msg_name)
        px_address_out(&a, m->msg_name, &m->msg_namelen);
    m->msg_controllen = 0;
    m->msg_flags = 0;
    return got;
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    struct net_address a;
    if (px_iov_size(m->msg_iov, (int)m->msg_iovlen) == SIZE_MAX)
        return px_result(-EMSGSIZE);
    if (m->msg_controllen)
        return px_result(-EOPNOTSUPP); /* descriptors cannot leave the process */
    int r = m->msg_name ? px_address_in(&a, m->msg_name, m->msg_namelen) : 0;
    return r ? px_result(r) : transmit_message(fd, m->msg_iov, (int)m->msg_iovlen, flags, m->msg_name ? &a : NULL);
}
