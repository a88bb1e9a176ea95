/* Errors of sockets, each of them what Debian 12 gives for the same call.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "net_check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/time.h>

static int connect_at(int fd, const char *text, uint16_t port)
{
    struct sockaddr_in at = at4(port);
    inet_pton(AF_INET, text, &at.sin_addr);
    return connect(fd, (struct sockaddr *)&at, sizeof(at));
}

static void check_types(void)
{
    FAILS("no such type", EINVAL, socket(AF_INET, 77, 0));
    FAILS("a type that is not supported", ESOCKTNOSUPPORT, socket(AF_INET, SOCK_SEQPACKET, 0));
    FAILS("a protocol of another type", EPROTONOSUPPORT, socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
}

static void check_unconnected(void)
{
    struct sockaddr nothing = {.sa_family = AF_UNSPEC};
    struct sockaddr_in name;
    socklen_t bad = (socklen_t)-1;
    char c = 0;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    FAILS("send", EPIPE, send(fd, &c, 1, MSG_NOSIGNAL));
    FAILS("recv", ENOTCONN, recv(fd, &c, 1, 0));
    CHECK("read of nothing", read(fd, &c, 0) == 0);
    FAILS("shutdown", ENOTCONN, shutdown(fd, SHUT_RDWR));
    FAILS("getsockname", EINVAL, getsockname(fd, (struct sockaddr *)&name, &bad));
    CHECK("nothing to disconnect", connect(fd, &nothing, sizeof(nothing)) == 0);
    FAILS("port 0", ECONNREFUSED, connect_at(fd, "127.0.0.1", 0));
    FAILS("broadcast", ENETUNREACH, connect_at(fd, "255.255.255.255", 7));
    FAILS("multicast", ENETUNREACH, connect_at(fd, "224.0.0.1", 7));
    close(fd);
}

static void check_listener(void)
{
    char c = 0;
    int fd = listen_at(5027, SO_REUSEADDR);
    FAILS("connect of a listener", EISCONN, connect_at(fd, "127.0.0.1", 5027));
    FAILS("send of a listener", EPIPE, send(fd, &c, 1, MSG_NOSIGNAL));
    FAILS("recv of a listener", ENOTCONN, recv(fd, &c, 1, 0));
    close(fd);
}

static void check_ended(void)
{
    struct sockaddr_in name;
    socklen_t size = sizeof(name);
    int fds[2];
    char c = 0;
    stream_pair(5028, fds);
    fcntl(fds[1], F_SETFL, O_NONBLOCK);
    FAILS("recv of nothing", EAGAIN, recv(fds[1], &c, 0, 0));
    close(fds[0]);
    usleep(50000);
    CHECK("the first send after the end", send(fds[1], &c, 1, MSG_NOSIGNAL) == 1);
    usleep(50000);
    FAILS("the second one", EPIPE, send(fds[1], &c, 1, MSG_NOSIGNAL));
    FAILS("no peer any more", ENOTCONN, getpeername(fds[1], (struct sockaddr *)&name, &size));
    FAILS("nothing to shut down", ENOTCONN, shutdown(fds[1], SHUT_RDWR));
    close(fds[1]);
}

static void check_options(void)
{
    struct timeval no_wait = {-1, 0};
    int on = 1, negative = -5, fd = socket(AF_INET, SOCK_STREAM, 0), datagrams = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in at = at4(0);
    FAILS("IPV6_V6ONLY", ENOPROTOOPT, setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)));
    CHECK("a negative size", setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &negative, sizeof(negative)) == 0);
    CHECK("a negative time", setsockopt(datagrams, SOL_SOCKET, SO_RCVTIMEO, &no_wait, sizeof(no_wait)) == 0);
    FAILS("does not wait", EAGAIN, recv(datagrams, &on, 1, 0));
    FAILS("a datagram to port 0", EINVAL, sendto(datagrams, &on, 1, 0, (struct sockaddr *)&at, sizeof(at)));
    close(fd), close(datagrams);
    fd = socket(AF_INET6, SOCK_STREAM, 0);
    FAILS("an IPv4 address for IPv6", EINVAL, bind(fd, (struct sockaddr *)&at, sizeof(at)));
    close(fd);
}

void test_b13_errors(void)
{
    check_types();
    check_unconnected();
    check_listener();
    check_ended();
    check_options();
}
