/* Options of sockets. Time-outs belong to the POSIX layer, all others to the network compartment.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>

#include "../net/net_socket.h"

static int set_timeout(struct px_socket *s, int name, const void *value, socklen_t size)
{
    struct timeval t;
    if (size < sizeof(t))
        return -EINVAL;
    memcpy(&t, value, sizeof(t));
    if (t.tv_usec < 0 || t.tv_usec >= 1000000)
        return -EDOM;
    uint64_t ns =
        t.tv_sec < 0 ? 1 /* as on Linux: no wait */ : (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_usec * 1000;
    *(name == SO_RCVTIMEO ? &s->file.read_timeout : &s->file.write_timeout) = ns;
    return 0;
}

static int set_option(struct px_socket *s, int level, int name, const void *value, socklen_t size)
{
    if (level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO))
        return set_timeout(s, name, value, size);
    if (level == SOL_SOCKET && name == SO_LINGER) {
        struct linger l;
        if (size < sizeof(l))
            return -EINVAL;
        memcpy(&l, value, sizeof(l));
        return net_setopt(s->handle, level, name, l.l_onoff ? l.l_linger : -1);
    }
    int number = 0;
    if (size < sizeof(number))
        return -EINVAL;
    memcpy(&number, value, sizeof(number));
    if (level == IPPROTO_TCP && name == TCP_CORK) {
        s->corked = number != 0; /* no effect: data that is sent before the caller waits is sent together anyway */
        return s->type == SOCK_STREAM ? 0 : -ENOPROTOOPT;
    }
    return net_setopt(s->handle, level, name, number);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    struct px_file *f = px_get(fd);
    if (!f)
        return (int)px_result(-EBADF);
    int r = px_is_socket(f) ? set_option((struct px_socket *)f, level, name, value, size) : -ENOTSOCK;
    px_put(f);
    return (int)px_result(r);
}

static int give_value(void *value, socklen_t *size, const void *from, socklen_t length)
{
    if (*size > length)
        *size = length;
    memcpy(value, from, *size);
    return 0;
}

static int get_option(struct px_socket *s, int level, int name, void *value, socklen_t *size)
{
    if (level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO)) {
        uint64_t ns = name == SO_RCVTIMEO ? s->file.read_timeout : s->file.write_timeout;
        struct timeval t = {(time_t)(ns / 1000000000), (suseconds_t)(ns % 1000000000 / 1000)};
        return give_value(value, size, &t, sizeof(t));
    }
    int64_t number = s->corked;
    bool cork = level == IPPROTO_TCP && name == TCP_CORK;
    int r = cork ? 0 : net_getopt(s->handle, level, name, &number);
    if (r == -EPIPE && level == SOL_SOCKET && name == SO_ERROR) /* no answer from the network */
        number = ENETDOWN;
    else if (r < 0)
        return r;
    if (level == SOL_SOCKET && name == SO_LINGER) {
        struct linger l = {number >= 0, number >= 0 ? (int)number : 0};
        return give_value(value, size, &l, sizeof(l));
    }
    int small = (int)number;
    return give_value(value, size, &small, sizeof(small));
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
    struct px_file *f = px_get(fd);
    if (!f)
        return (int)px_result(-EBADF);
    int r = px_is_socket(f) ? get_option((struct px_socket *)f, level, name, value, size) : -ENOTSOCK;
    px_put(f);
    return (int)px_result(r);
}
