/* UDP, options, names, errors, events.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"

void test_datagrams(void)
{
    enum { BIG = 20000, TOO_BIG = 66000 };
    static uint8_t big[TOO_BIG], back[BIG];
    struct end a = open_socket(AF_INET, SOCK_DGRAM), b = open_socket(AF_INET, SOCK_DGRAM);
    struct net_address at = loopback(AF_INET, 5300), from, mine;
    char text[64];
    CHECK(net_bind(b.socket, &at) == 0);
    CHECK(net_bind(b.socket, &at) == -EINVAL);
    CHECK(net_send(a.socket, "x", 1, 0) == -EDESTADDRREQ);
    CHECK(net_sendto(a.socket, "one", 3, 0, &at) == 3);
    CHECK(net_sendto(a.socket, "number two", 10, 0, &at) == 10);
    CHECK(net_wait(b.socket, NET_READABLE, SECOND) & NET_READABLE);
    CHECK(net_recvfrom(b.socket, text, sizeof(text), 0, &from) == 3 && memcmp(text, "one", 3) == 0);
    CHECK(net_getname(a.socket, 0, &mine) == 0 && mine.port == from.port && from.family == AF_INET);
    CHECK(net_recv(b.socket, text, 4, MSG_PEEK | MSG_TRUNC) == 10);
    CHECK(net_recv(b.socket, text, 4, 0) == 4 && memcmp(text, "numb", 4) == 0);
    CHECK(net_recv(b.socket, text, 4, 0) == -EAGAIN);
    CHECK(net_connect(b.socket, &from) == 0);
    CHECK(net_send(b.socket, "answer", 6, 0) == 6);
    CHECK(receive(a, text, sizeof(text), 0) == 6);
    for (unsigned i = 0; i < BIG; i++) /* in fragments */
        big[i] = (uint8_t)(i * 13);
    CHECK(net_sendto(a.socket, big, BIG, 0, &at) == BIG);
    CHECK(receive(b, back, sizeof(back), 0) == BIG && memcmp(big, back, BIG) == 0);
    CHECK(net_sendto(a.socket, big, TOO_BIG, 0, &at) == -EMSGSIZE);
    net_close(a.socket);
    net_close(b.socket);
}

void test_options(void)
{
    static const struct {
        int level, name;
        int64_t value;
    } options[] = {
        {SOL_SOCKET, SO_REUSEADDR, 1},    {SOL_SOCKET, SO_REUSEPORT, 1},    {SOL_SOCKET, SO_KEEPALIVE, 1},
        {SOL_SOCKET, SO_BROADCAST, 1},    {SOL_SOCKET, SO_SNDBUF, 65536},   {SOL_SOCKET, SO_RCVBUF, 65536},
        {SOL_SOCKET, SO_LINGER, 5},       {SOL_SOCKET, SO_LINGER, -1},      {IPPROTO_TCP, TCP_NODELAY, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, 100}, {IPPROTO_TCP, TCP_KEEPINTVL, 10}, {IPPROTO_TCP, TCP_KEEPCNT, 3},
        {IPPROTO_IP, IP_TTL, 17},         {IPPROTO_IP, IP_TOS, 16},
    };
    struct end s = open_socket(AF_INET, SOCK_STREAM), six = open_socket(AF_INET6, SOCK_STREAM);
    int64_t value;
    for (unsigned i = 0; i < sizeof(options) / sizeof(*options); i++) {
        CHECK(net_setopt(s.socket, options[i].level, options[i].name, options[i].value) == 0);
        value = -77;
        CHECK(net_getopt(s.socket, options[i].level, options[i].name, &value) == 0 && value == options[i].value);
    }
    CHECK(net_getopt(s.socket, SOL_SOCKET, SO_TYPE, &value) == 0 && value == SOCK_STREAM);
    CHECK(net_getopt(s.socket, SOL_SOCKET, SO_ACCEPTCONN, &value) == 0 && value == 0);
    CHECK(net_getopt(s.socket, SOL_SOCKET, SO_ERROR, &value) == 0 && value == 0);
    CHECK(net_setopt(s.socket, SOL_SOCKET, 4711, 1) == -ENOPROTOOPT);
    CHECK(net_setopt(s.socket, IPPROTO_TCP, TCP_KEEPIDLE, 0) == -EINVAL);
    CHECK(net_setopt(six.socket, IPPROTO_IPV6, IPV6_V6ONLY, 1) == 0);
    CHECK(net_getopt(six.socket, IPPROTO_IPV6, IPV6_V6ONLY, &value) == 0 && value == 1);
    net_close(s.socket);
    net_close(six.socket);
}

/* A listener for both families, and what an IPv4 peer looks like there. */
/* As on Linux, it is the own loopback. */
static void test_unspecified_destination(void)
{
    static const int families[] = {AF_INET, AF_INET6};
    char text[8];
    for (unsigned i = 0; i < 2; i++) {
        struct net_address any = {.family = families[i], .port = 5305}, at = loopback(families[i], 5305), peer;
        struct end listener = open_socket(families[i], SOCK_STREAM), c = open_socket(families[i], SOCK_STREAM), s;
        struct end to = open_socket(families[i], SOCK_DGRAM), from = open_socket(families[i], SOCK_DGRAM);
        CHECK(net_bind(listener.socket, &at) == 0 && net_listen(listener.socket, 1) == 0);
        CHECK(net_connect(c.socket, &any) == -EINPROGRESS);
        CHECK(net_wait(listener.socket, NET_READABLE, SECOND) & NET_READABLE);
        CHECK(net_accept(listener.socket, &s.socket, &s.index, &peer) == 0);
        CHECK(net_getname(c.socket, 1, &peer) == 0 && memcmp(peer.bytes, at.bytes, 16) == 0);
        CHECK(net_bind(to.socket, &at) == 0 && net_sendto(from.socket, "to any", 6, 0, &any) == 6);
        CHECK(receive(to, text, sizeof(text), 0) == 6);
        CHECK(net_connect(from.socket, &any) == 0 && net_send(from.socket, "any", 3, 0) == 3);
        CHECK(receive(to, text, sizeof(text), 0) == 3);
        CHECK(net_getname(from.socket, 1, &peer) == 0 && memcmp(peer.bytes, at.bytes, 16) == 0);
        net_close(listener.socket);
        net_close(c.socket);
        net_close(s.socket);
        net_close(to.socket);
        net_close(from.socket);
    }
}

static void test_dual_stack(void)
{
    static const uint8_t mapped[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
    struct end listener = open_socket(AF_INET6, SOCK_STREAM), c = open_socket(AF_INET, SOCK_STREAM), s;
    struct net_address any = {.family = AF_INET6, .port = 5301}, at = loopback(AF_INET, 5301), peer;
    CHECK(net_bind(listener.socket, &any) == 0 && net_listen(listener.socket, 1) == 0);
    CHECK(net_connect(c.socket, &at) == -EINPROGRESS);
    CHECK(net_wait(listener.socket, NET_READABLE, SECOND) & NET_READABLE);
    CHECK(net_accept(listener.socket, &s.socket, &s.index, &peer) == 0);
    CHECK(peer.family == AF_INET6 && memcmp(peer.bytes, mapped, 16) == 0);
    net_close(s.socket);
    net_close(c.socket);
    net_close(listener.socket);
}

void test_names(void)
{
    struct net_address list[NET_RESOLVE_MAX];
    test_unspecified_destination();
    test_dual_stack();
    CHECK(net_resolve("192.0.2.7", 0, list, NET_RESOLVE_MAX) == 1 && list[0].family == AF_INET &&
          memcmp(list[0].bytes, (uint8_t[]){192, 0, 2, 7}, 4) == 0);
    CHECK(net_resolve("::1", AF_INET6, list, NET_RESOLVE_MAX) == 1 && list[0].bytes[15] == 1);
    CHECK(net_resolve("::1", AF_INET, list, NET_RESOLVE_MAX) == -ENOENT);
    CHECK(net_resolve("", 0, list, NET_RESOLVE_MAX) == -EINVAL);
}

void test_errors(void)
{
    struct end s = open_socket(AF_INET, SOCK_STREAM), t = open_socket(AF_INET, SOCK_STREAM);
    struct net_address at = loopback(AF_INET, 5302), six = loopback(AF_INET6, 5302), name;
    net_socket_t x;
    uint32_t index;
    char c;
    CHECK(net_socket(AF_UNIX, SOCK_STREAM, 0, &x, &index) == -EAFNOSUPPORT);
    CHECK(net_socket(AF_INET, SOCK_RAW, 0, &x, &index) == -ESOCKTNOSUPPORT);
    CHECK(net_socket(AF_INET, SOCK_STREAM, IPPROTO_UDP, &x, &index) == -EPROTONOSUPPORT);
    CHECK(net_recv(NULL, &c, 1, 0) == -EBADF && net_send(NULL, "x", 1, 0) == -EBADF);
    CHECK(net_close(NULL) == -EBADF && net_wait(NULL, NET_READABLE, 0) == -EBADF);
    CHECK(net_recv(s.socket, NULL, 1, 0) == -EFAULT && net_send(s.socket, NULL, 1, 0) == -EFAULT);
    CHECK(net_bind(s.socket, NULL) == -EINVAL && net_connect(s.socket, NULL) == -EINVAL);
    CHECK(net_recv(s.socket, &c, 1, 0) == -ENOTCONN);
    CHECK(net_send(s.socket, "x", 1, 0) == -EPIPE);
    CHECK(net_shutdown(s.socket, SHUT_WR) == -ENOTCONN);
    CHECK(net_shutdown(s.socket, 9) == -EINVAL);
    CHECK(net_getname(s.socket, 1, &name) == -ENOTCONN);
    CHECK(net_accept(s.socket, &x, &index, NULL) == -EINVAL);
    CHECK(net_bind(s.socket, &six) == -EAFNOSUPPORT);
    CHECK(net_bind(s.socket, &at) == 0 && net_listen(s.socket, 4) == 0);
    CHECK(net_connect(s.socket, &at) == -EISCONN);
    CHECK(net_bind(t.socket, &at) == -EADDRINUSE);
    CHECK(net_wait(t.socket, NET_READABLE, SECOND / 100) != 0); /* hung up: never connected */
    CHECK(net_wait(s.socket, NET_READABLE, SECOND / 100) == 0);
    net_close(s.socket);
    net_close(t.socket);
}

static struct end waker;
static void send_later(void *unused)
{
    (void)unused;
    bh_sleep(SECOND / 50);
    CHECK(net_send(waker.socket, "now", 3, 0) == 3);
}

void test_events(void)
{
    struct end c, s;
    char text[8];
    make_pair(AF_INET, 4006, &c, &s);
    bh_sleep(SECOND / 20);
    uint32_t seen = net_events_wait(0, 0), count = word_of(s) >> NET_COUNT_SHIFT;
    CHECK(net_events_wait(seen, SECOND / 100) == seen); /* nothing happens */
    waker = c;
    CHECK(bh_thread_create(NULL, send_later, NULL) == 0);
    uint32_t now = net_events_wait(seen, SECOND);
    CHECK(now != seen);
    CHECK(word_of(s) & NET_READABLE);
    CHECK(word_of(s) >> NET_COUNT_SHIFT != count);
    struct net_table *table = NULL;
    CHECK(net_table(&table) == 0 && table);
    bool listed = false;
    for (uint32_t g = seen + 1; g - 1 != now; g++)
        listed |= table->ring[g % NET_RING] == s.index;
    CHECK(listed);
    CHECK(net_recv(s.socket, text, sizeof(text), 0) == 3);
    net_close(c.socket);
    net_close(s.socket);
}
