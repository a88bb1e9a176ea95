/* Whoever is told once is told enough: short reads and writes, two ends that do not read, and a storm of both.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "net_check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>

enum { LONG_ENOUGH = 20000 /* ms, after which an event counts as lost */, PAIRS = 64, CHUNK_MAX = 90000 };

/* Reads like a program that takes a short read for the end of what is there. -1: end of file, or an error. */
static long read_until_short(int fd, size_t size)
{
    static char buffer[8192];
    long got = 0;
    for (;;) {
        ssize_t n = read(fd, buffer, size);
        if (n > 0)
            got += n;
        if (n < (ssize_t)size)
            return n == 0 || (n < 0 && errno != EAGAIN) ? -1 : got;
    }
}

static int watch_edges(int set, int fd, uint32_t number)
{
    struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.u32 = number};
    return fcntl(fd, F_SETFL, O_NONBLOCK) || epoll_ctl(set, EPOLL_CTL_ADD, fd, &e);
}

/* More than the lane holds has come before the other end reads for the first time, and nothing more will come. */
void test_b2_short_reads(void)
{
    enum { SIZE = 200000 };
    static char data[SIZE];
    int fds[2], set = epoll_create1(0);
    long sent = 0, received = 0;
    stream_pair(5020, fds);
    CHECK("edges", watch_edges(set, fds[1], 0) == 0 && fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0);
    struct epoll_event e;
    while (received < SIZE) {
        ssize_t n = sent < SIZE ? write(fds[0], data, (size_t)(SIZE - sent)) : 0;
        sent += n > 0 ? n : 0;
        if (n > 0)
            sleep(sent == SIZE); /* so that all of it waits for the reader */
        else if (epoll_wait(set, &e, 1, 3000) == 1)
            received += read_until_short(fds[1], 5000);
        else
            break;
    }
    CHECK("a short read means that nothing is left", received == SIZE);
    close(fds[0]), close(fds[1]), close(set);
}

/* A result is not reported early because the data lies in several places. */
void test_b2_whole_transfers(void)
{
    enum { SIZE = 200000 };
    static char data[SIZE], back[SIZE];
    int fds[2];
    stream_pair(5021, fds);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    for (int i = 0; i < SIZE; i++)
        data[i] = (char)(i % 251);
    struct iovec parts[2] = {{data, 70001}, {data + 70001, SIZE - 70001}},
                 to[3] = {{back, 3}, {0}, {back + 3, SIZE - 3}};
    CHECK("a write takes all that there is room for", writev(fds[0], parts, 2) == SIZE);
    usleep(50000);
    CHECK("a read gets all that has come", readv(fds[1], to, 3) == SIZE && memcmp(data, back, SIZE) == 0);
    close(fds[0]), close(fds[1]);
}

/* Data, then an error or the end: the read that is short does not swallow what comes after the data. */
void test_b2_end_after_data(void)
{
    static char data[100000];
    struct linger at_once = {1, 0};
    int fds[2];
    stream_pair(5022, fds);
    write(fds[0], data, sizeof(data));
    close(fds[0]);
    usleep(50000);
    CHECK("data before the end", read(fds[1], data, sizeof(data)) == sizeof(data) && read(fds[1], data, 10) == 0);
    close(fds[1]);
    stream_pair(5023, fds);
    write(fds[0], data, 1000);
    usleep(50000);
    struct pollfd p = {fds[1], POLLIN, 0};
    CHECK("data", poll(&p, 1, 2000) == 1);
    setsockopt(fds[0], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fds[0]);
    usleep(50000);
    ssize_t n = read(fds[1], data, sizeof(data));
    CHECK("the error after the data",
          n == 1000 ? read(fds[1], data, 10) == -1 && errno == ECONNRESET : n == -1 && errno == ECONNRESET);
    CHECK("once", read(fds[1], data, 10) == 0);
    close(fds[1]);
}

/* Writes to both ends until neither has taken anything for three seconds: by then TCP has sent what is less than a
 * segment as well, so that both windows are closed. */
static void fill_both(const int fds[2], const char *data, size_t size, long sent[2])
{
    for (int idle = 0; idle < 30; idle++) {
        for (int i = 0; i < 2; i++) {
            ssize_t n = write(fds[i], data, size);
            sent[i] += n > 0 ? n : 0;
            if (n > 0)
                idle = 0;
        }
        usleep(100000);
    }
}

/* Both ends write and none reads: every other connection goes on, and so do these two when they read. */
void test_b1_two_full_ends(void)
{
    static char data[65536];
    int fds[2], other[2];
    long sent[2] = {0}, received[2] = {0};
    stream_pair(5024, fds);
    for (int i = 0; i < 2; i++)
        fcntl(fds[i], F_SETFL, O_NONBLOCK);
    fill_both(fds, data, sizeof(data), sent);
    stream_pair(5025, other);
    CHECK("another connection", write(other[0], "x", 1) == 1 && read(other[1], data, 1) == 1);
    struct pollfd p[2] = {{fds[0], POLLIN, 0}, {fds[1], POLLIN, 0}};
    while ((received[0] < sent[1] || received[1] < sent[0]) && poll(p, 2, LONG_ENOUGH) > 0)
        for (int i = 0; i < 2; i++) {
            ssize_t n = read(fds[i], data, sizeof(data));
            received[i] += n > 0 ? n : 0;
        }
    CHECK("all of it arrives", received[0] == sent[1] && received[1] == sent[0]);
    close(fds[0]), close(fds[1]), close(other[0]), close(other[1]);
}

static int bind_to(int family, int type, const char *text)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    inet_pton(family, text, family == AF_INET ? (void *)&four.sin_addr : &six.sin6_addr);
    int fd = socket(family, type, 0), before = errno;
    int r = family == AF_INET ? bind(fd, (struct sockaddr *)&four, sizeof(four))
                              : bind(fd, (struct sockaddr *)&six, sizeof(six));
    before = errno;
    close(fd);
    errno = before;
    return r;
}

void test_b6_foreign_addresses(void)
{
    FAILS("bind to another machine's address", EADDRNOTAVAIL, bind_to(AF_INET, SOCK_STREAM, "192.0.2.7"));
    FAILS("datagrams", EADDRNOTAVAIL, bind_to(AF_INET, SOCK_DGRAM, "192.0.2.7"));
    FAILS("IPv6", EADDRNOTAVAIL, bind_to(AF_INET6, SOCK_STREAM, "2001:db8::7"));
    FAILS("IPv4-mapped", EADDRNOTAVAIL, bind_to(AF_INET6, SOCK_STREAM, "::ffff:192.0.2.7"));
    CHECK("the own address", bind_to(AF_INET, SOCK_STREAM, "10.0.2.15") == 0);
    CHECK("the loopback interface", bind_to(AF_INET, SOCK_STREAM, "127.0.0.1") == 0 &&
                                        bind_to(AF_INET, SOCK_DGRAM, "127.1.2.3") == 0 &&
                                        bind_to(AF_INET6, SOCK_STREAM, "::1") == 0);
    CHECK("any", bind_to(AF_INET, SOCK_STREAM, "0.0.0.0") == 0 && bind_to(AF_INET6, SOCK_STREAM, "::") == 0);
}

void test_b13_urgent_data(void)
{
    int fds[2];
    char c;
    stream_pair(5026, fds);
    FAILS("no urgent data", EINVAL, recv(fds[1], &c, 1, MSG_OOB));
    FAILS("none can be sent", EOPNOTSUPP, send(fds[0], "x", 1, MSG_OOB));
    close(fds[0]), close(fds[1]);
}

/* ---- The storm ---- */

static struct {
    int fds[2];
    long sent, received;
} pairs[PAIRS];

static uint32_t number_below(uint32_t limit)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 11) % limit;
}

static long send_chunks(void)
{
    static char data[CHUNK_MAX + 251];
    static bool filled;
    long sent = 0;
    for (int i = 0; !filled && i < (int)sizeof(data); i++)
        data[i] = (char)(i % 251);
    filled = true;
    for (uint32_t n = 1 + number_below(2 * PAIRS); n; n--) {
        uint32_t i = number_below(PAIRS), size = 1 + number_below(number_below(8) ? 600 : CHUNK_MAX);
        ssize_t put = write(pairs[i].fds[0], data + pairs[i].sent % 251, size);
        if (put > 0)
            pairs[i].sent += put;
        sent += put > 0 ? put : 0;
    }
    return sent;
}

/* Reads until a short one; counts the reads. False: wrong data. */
static bool take_chunks(uint32_t i, long *reads)
{
    static char data[1024];
    for (;;) {
        size_t size = 1 + number_below(sizeof(data));
        ssize_t n = read(pairs[i].fds[1], data, size);
        for (ssize_t k = 0; k < n; k++)
            if (data[k] != (char)((pairs[i].received + k) % 251))
                return false;
        pairs[i].received += n > 0 ? n : 0;
        ++*reads;
        if (n < (ssize_t)size)
            return n > 0 || (n < 0 && errno == EAGAIN);
    }
}

int storm(long wanted)
{
    int set = epoll_create1(0);
    struct epoll_event got[16];
    long reads = 0, left = 0;
    for (uint32_t i = 0; i < PAIRS; i++) {
        stream_pair(5030, pairs[i].fds);
        if (watch_edges(set, pairs[i].fds[1], i) || fcntl(pairs[i].fds[0], F_SETFL, O_NONBLOCK))
            return printf("no sockets\n"), 1;
    }
    while (reads < wanted) {
        left += send_chunks();
        while (left) {
            int n = epoll_wait(set, got, 16, LONG_ENOUGH);
            if (n <= 0)
                return printf("lost: %ld bytes nobody was told of, after %ld reads\n", left, reads), 1;
            for (int k = 0; k < n; k++) {
                uint32_t i = got[k].data.u32;
                long before = pairs[i].received;
                if (!take_chunks(i, &reads))
                    return printf("wrong data after %ld reads\n", reads), 1;
                left -= pairs[i].received - before;
            }
        }
    }
    printf("%ld reads\n", reads);
    return 0;
}
