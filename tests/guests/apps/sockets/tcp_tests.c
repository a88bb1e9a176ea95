/* TCP over the loopback interface.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"

static void close_both(struct end a, struct end b)
{
    CHECK(net_close(a.socket) == 0);
    CHECK(net_close(b.socket) == 0);
}

void test_stream(void)
{
    for (int family = AF_INET; family; family = family == AF_INET ? AF_INET6 : 0) {
        struct end c, s;
        char text[32];
        struct net_address mine, theirs;
        make_pair(family, 4000, &c, &s);
        CHECK(net_recv(s.socket, text, sizeof(text), MSG_DONTWAIT) == -EAGAIN);
        CHECK(net_send(c.socket, "hello", 5, MSG_NOSIGNAL) == 5);
        CHECK(receive(s, text, 2, MSG_PEEK) == 2 && memcmp(text, "he", 2) == 0);
        int64_t n;
        CHECK(net_getopt(s.socket, SOL_SOCKET, SO_NREAD, &n) == 0 && n == 5);
        CHECK(net_recv(s.socket, text, 2, 0) == 2 && memcmp(text, "he", 2) == 0);
        CHECK(word_of(s) & NET_READABLE);
        CHECK(net_recv(s.socket, text, sizeof(text), 0) == 3 && memcmp(text, "llo", 3) == 0);
        CHECK(!(word_of(s) & NET_READABLE));
        CHECK(net_getname(c.socket, 0, &mine) == 0 && net_getname(s.socket, 1, &theirs) == 0);
        CHECK(mine.port == theirs.port && memcmp(mine.bytes, theirs.bytes, 16) == 0);
        CHECK(net_getname(c.socket, 1, &theirs) == 0 && theirs.port == 4000 && theirs.family == family);
        close_both(c, s);
    }
}

void test_half_close(void)
{
    struct end c, s;
    char text[32];
    make_pair(AF_INET, 4001, &c, &s);
    CHECK(net_send(c.socket, "question", 8, 0) == 8);
    CHECK(net_shutdown(c.socket, SHUT_WR) == 0);
    CHECK(net_send(c.socket, "x", 1, 0) == -EPIPE);
    CHECK(receive(s, text, sizeof(text), 0) == 8);
    CHECK(receive(s, text, sizeof(text), 0) == 0);
    CHECK(word_of(s) & NET_RDHUP && !(word_of(s) & NET_HANGUP));
    CHECK(net_send(s.socket, "answer", 6, 0) == 6);
    CHECK(receive(c, text, sizeof(text), 0) == 6);
    CHECK(net_shutdown(s.socket, SHUT_WR) == 0);
    CHECK(receive(c, text, sizeof(text), 0) == 0);
    CHECK(word_of(s) & NET_HANGUP);
    CHECK(word_of(c) & NET_HANGUP);
    close_both(c, s);
}

void test_reset(void)
{
    struct end c, s;
    char text[32];
    int64_t error;
    make_pair(AF_INET, 4002, &c, &s);
    CHECK(net_setopt(c.socket, SOL_SOCKET, SO_LINGER, 0) == 0);
    CHECK(net_close(c.socket) == 0);
    CHECK(net_wait(s.socket, NET_ERROR, SECOND) & NET_ERROR);
    CHECK(net_recv(s.socket, text, sizeof(text), 0) == -ECONNRESET);
    CHECK(net_recv(s.socket, text, sizeof(text), 0) == 0);
    CHECK(net_send(s.socket, "x", 1, 0) == -EPIPE);
    CHECK(net_close(s.socket) == 0);

    make_pair(AF_INET, 4002, &c, &s); /* unread data: a reset, too */
    CHECK(net_send(c.socket, "unread", 6, 0) == 6);
    CHECK(net_wait(s.socket, NET_READABLE, SECOND) & NET_READABLE);
    CHECK(net_close(s.socket) == 0);
    CHECK(net_wait(c.socket, NET_ERROR, SECOND) & NET_ERROR);
    CHECK(net_getopt(c.socket, SOL_SOCKET, SO_ERROR, &error) == 0 && error == ECONNRESET);
    CHECK(net_getopt(c.socket, SOL_SOCKET, SO_ERROR, &error) == 0 && error == 0);
    CHECK(net_close(c.socket) == 0);
}

void test_refused(void)
{
    struct end c = open_socket(AF_INET, SOCK_STREAM);
    struct net_address nobody = loopback(AF_INET, 4999);
    int64_t error;
    int r = net_connect(c.socket, &nobody);
    CHECK(r == -EINPROGRESS || r == -ECONNREFUSED);
    CHECK(net_wait(c.socket, NET_ERROR, SECOND) & NET_ERROR);
    CHECK(net_getopt(c.socket, SOL_SOCKET, SO_ERROR, &error) == 0 && error == ECONNREFUSED);
    CHECK(net_close(c.socket) == 0);
}

/* Megabytes through full send buffers, in odd pieces; every byte checked. */
void test_large(void)
{
    enum { TOTAL = 4 * 1024 * 1024, PIECE = 50001 };
    static bh_shared uint8_t out[PIECE];
    static uint8_t in[PIECE]; /* private: crosses by copying */
    struct end c, s;
    size_t sent = 0, got = 0;
    bool filled = false;
    make_pair(AF_INET, 4003, &c, &s);
    while (got < TOTAL && !failures) {
        while (sent < TOTAL && (word_of(c) & NET_WRITABLE)) {
            size_t n = TOTAL - sent < PIECE ? TOTAL - sent : PIECE;
            for (size_t i = 0; i < n; i++)
                out[i] = (uint8_t)((sent + i) * 7 >> 3);
            ssize_t r = net_send(c.socket, out, n, MSG_DONTWAIT);
            filled |= r < (ssize_t)n;
            if (r < 0)
                break;
            sent += (size_t)r;
        }
        ssize_t r = receive(s, in, 1 + got % PIECE, 0);
        CHECK(r > 0);
        for (ssize_t i = 0; i < r; i++)
            if (in[i] != (uint8_t)((got + (size_t)i) * 7 >> 3)) {
                CHECK(!"the byte that was sent");
                break;
            }
        got += r > 0 ? (size_t)r : 0;
    }
    CHECK(filled);
    close_both(c, s);
}

void test_backlog(void)
{
    enum { N = 12, BACKLOG = 4 };
    struct end listener = open_socket(AF_INET, SOCK_STREAM), c[N];
    struct net_address address = loopback(AF_INET, 4004);
    int accepted = 0;
    CHECK(net_bind(listener.socket, &address) == 0 && net_listen(listener.socket, BACKLOG) == 0);
    for (int i = 0; i < N; i++) {
        c[i] = open_socket(AF_INET, SOCK_STREAM);
        CHECK(net_connect(c[i].socket, &address) == -EINPROGRESS);
    }
    bh_sleep(SECOND / 10);
    int early = 0;
    for (int i = 0; i < N; i++)
        early += (word_of(c[i]) & NET_WRITABLE) != 0;
    CHECK(early >= BACKLOG && early < N);
    /* The others come as soon as there is room: their SYN is repeated. */
    for (int tries = 0; accepted < N && tries < 100; tries++) {
        struct end s;
        while (net_accept(listener.socket, &s.socket, &s.index, NULL) == 0) {
            accepted++;
            net_close(s.socket);
        }
        bh_sleep(SECOND / 10);
    }
    CHECK(accepted == N);
    for (int i = 0; i < N; i++)
        net_close(c[i].socket);
    net_close(listener.socket);
}

/* More sockets than a process of select() has, all connected at once. */
void test_many(void)
{
    enum { PAIRS = 600 };
    static struct end c[PAIRS], s[PAIRS];
    char text[8];
    struct net_address address = loopback(AF_INET, 4005);
    struct end listener = open_socket(AF_INET, SOCK_STREAM);
    CHECK(net_bind(listener.socket, &address) == 0 && net_listen(listener.socket, 511) == 0);
    for (int i = 0; i < PAIRS; i++) {
        c[i] = open_socket(AF_INET, SOCK_STREAM);
        CHECK(net_connect(c[i].socket, &address) == -EINPROGRESS);
        CHECK(net_wait(listener.socket, NET_READABLE, SECOND) & NET_READABLE);
        CHECK(net_accept(listener.socket, &s[i].socket, &s[i].index, NULL) == 0);
    }
    for (int i = 0; i < PAIRS; i++)
        CHECK(net_send(c[i].socket, &i, sizeof(i), 0) == sizeof(i));
    for (int i = 0; i < PAIRS; i++) {
        int seen = -1;
        CHECK(receive(s[i], text, sizeof(text), 0) == sizeof(i));
        memcpy(&seen, text, sizeof(seen));
        CHECK(seen == i);
    }
    for (int i = 0; i < PAIRS; i++)
        close_both(c[i], s[i]);
    net_close(listener.socket);
}
