/* Options of sockets.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "same_as_native.h"
#include "sockets.h"

#define NAMED(level, option)   \
    {                          \
        level, option, #option \
    }

static const struct {
    int level, option;
    const char *name;
} options[] = {
    NAMED(SOL_SOCKET, SO_REUSEADDR),   NAMED(SOL_SOCKET, SO_REUSEPORT), NAMED(SOL_SOCKET, SO_KEEPALIVE),
    NAMED(SOL_SOCKET, SO_BROADCAST),   NAMED(SOL_SOCKET, SO_OOBINLINE), NAMED(SOL_SOCKET, SO_DONTROUTE),
    NAMED(IPPROTO_TCP, TCP_NODELAY),   NAMED(IPPROTO_TCP, TCP_CORK),    NAMED(IPPROTO_TCP, TCP_KEEPIDLE),
    NAMED(IPPROTO_TCP, TCP_KEEPINTVL), NAMED(IPPROTO_TCP, TCP_KEEPCNT), NAMED(IPPROTO_IP, IP_TTL),
    NAMED(IPPROTO_IP, IP_TOS),
};

static const char *value_of(int fd, int level, int option)
{
    static char text[64];
    int value = -1;
    socklen_t size = sizeof(value);
    errno = 0;
    int r = getsockopt(fd, level, option, &value, &size);
    if (r != 0)
        return error_name(errno);
    snprintf(text, sizeof(text), "%d, %d bytes", value, (int)size);
    return text;
}

static void show_values(const char *kind, int type)
{
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        static const int values[] = {1, 7, 0};
        if (type == SOCK_DGRAM && options[i].level == IPPROTO_TCP)
            continue; /* the constants below have one */
        int fd = socket(AF_INET, type, 0);
        set_case("%s %s", kind, options[i].name);
        show("at first", "%s", value_of(fd, options[i].level, options[i].option));
        for (size_t j = 0; j < COUNT_OF(values); j++) {
            char name[32];
            errno = 0;
            int r = setsockopt(fd, options[i].level, options[i].option, &values[j], sizeof(int)), error = errno;
            snprintf(name, sizeof(name), "set to %d", values[j]);
            show(name, "%s, then %s", r == 0 ? "0" : error_name(error),
                 value_of(fd, options[i].level, options[i].option));
        }
        close(fd);
    }
    set_case("%s", "");
}

static void show_constants(void)
{
    int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0), listener = listen_anywhere();
    SHOW_TEXT(value_of(tcp, SOL_SOCKET, SO_ERROR));
    SHOW_TEXT(value_of(tcp, SOL_SOCKET, SO_ACCEPTCONN));
    SHOW_TEXT(value_of(listener, SOL_SOCKET, SO_ACCEPTCONN));
    SHOW_TEXT(value_of(tcp, SOL_SOCKET, SO_DOMAIN));
    SHOW_TEXT(value_of(udp, SOL_SOCKET, SO_PROTOCOL));
    int value = 0;
    socklen_t size = sizeof(value);
    SHOW((getsockopt(tcp, SOL_SOCKET, SO_TYPE, &value, &size), value == SOCK_STREAM));
    SHOW((getsockopt(udp, SOL_SOCKET, SO_TYPE, &value, &size), value == SOCK_DGRAM));
    SHOW(setsockopt(udp, IPPROTO_TCP, TCP_NODELAY, &value, sizeof(value)));
    SHOW(getsockopt(udp, IPPROTO_TCP, TCP_NODELAY, &value, &size));
    SHOW(setsockopt(tcp, SOL_SOCKET, SO_TYPE, &value, sizeof(value)));
    SHOW(setsockopt(tcp, SOL_SOCKET, SO_ERROR, &value, sizeof(value)));
    SHOW(setsockopt(tcp, SOL_SOCKET, 12345, &value, sizeof(value)));
    SHOW(setsockopt(tcp, 12345, 1, &value, sizeof(value)));
    SHOW(getsockopt(tcp, SOL_SOCKET, 12345, &value, &size));
    SHOW(getsockopt(tcp, 12345, 1, &value, &size));
    SHOW(setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &value, 1));
    SHOW(setsockopt(99, SOL_SOCKET, SO_REUSEADDR, &value, sizeof(value)));
    SHOW(getsockopt(99, SOL_SOCKET, SO_REUSEADDR, &value, &size));
    SHOW(getsockopt(0, SOL_SOCKET, SO_REUSEADDR, &value, &size));
    close(tcp);
    close(udp);
    close(listener);
}

static void show_linger(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct linger linger = {9, 9};
    socklen_t size = sizeof(linger);
    SHOW(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size));
    show("linger at first", "%d %d, %d bytes", linger.l_onoff, linger.l_linger, (int)size);
    linger = (struct linger){1, 5};
    SHOW(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
    linger = (struct linger){9, 9};
    getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size);
    show("linger then", "%d %d", linger.l_onoff, linger.l_linger);
    SHOW(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, 4));
    close(fd);
}

static void show_timeouts(void)
{
    struct pair pair = connect_pair();
    struct timeval time = {9, 9}, moment = {0, 20000}, wrong = {0, 1000000};
    socklen_t size = sizeof(time);
    char buf[8];
    SHOW(getsockopt(pair.client, SOL_SOCKET, SO_RCVTIMEO, &time, &size));
    show("timeout at first", "%lld %lld, %d bytes", (long long)time.tv_sec, (long long)time.tv_usec, (int)size);
    SHOW(setsockopt(pair.client, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof(moment)));
    SHOW(getsockopt(pair.client, SOL_SOCKET, SO_RCVTIMEO, &time, &size));
    show("timeout then", "%lld %lld", (long long)time.tv_sec, (long long)time.tv_usec);
    SHOW(recv(pair.client, buf, 1, 0));
    SHOW(setsockopt(pair.client, SOL_SOCKET, SO_RCVTIMEO, &wrong, sizeof(wrong)));
    SHOW(setsockopt(pair.client, SOL_SOCKET, SO_RCVTIMEO, &moment, 4));
    SHOW(setsockopt(pair.client, SOL_SOCKET, SO_SNDTIMEO, &moment, sizeof(moment)));
    SHOW(setsockopt(pair.listener, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof(moment)));
    SHOW(accept(pair.listener, NULL, NULL));
    close_pair(pair);
}

static void show_modes(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1, off = 0;
    SHOW((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    SHOW(ioctl(fd, FIONBIO, &on));
    show("after FIONBIO 1", "%d", (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    SHOW(ioctl(fd, FIONBIO, &off));
    show("after FIONBIO 0", "%d", (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    SHOW(fcntl(fd, F_GETFL) & O_ACCMODE);
    SHOW(fcntl(fd, F_GETFD));
    int value = 50000;
    SHOW(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, sizeof(value)));
    SHOW(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &value, sizeof(value)));
    close(fd);
}

void show_socket_options(void)
{
    show_values("tcp", SOCK_STREAM);
    show_values("udp", SOCK_DGRAM);
    show_constants();
    show_linger();
    show_timeouts();
    show_modes();
}
