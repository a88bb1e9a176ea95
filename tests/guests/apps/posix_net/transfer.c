/* Streams and datagrams: data, options, signals, names.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "net_check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/uio.h>

void test_streams(void)
{
    int fds[2], n;
    char text[16];
    struct sockaddr_in mine, theirs;
    socklen_t size = sizeof(mine);
    stream_pair(5000, fds);
    CHECK("connected", fds[0] >= 0 && fds[1] >= 0);
    CHECK("send", send(fds[0], "hello", 5, 0) == 5);
    CHECK("peek", recv(fds[1], text, 2, MSG_PEEK) == 2 && memcmp(text, "he", 2) == 0);
    CHECK("FIONREAD", ioctl(fds[1], FIONREAD, &n) == 0 && n == 5);
    CHECK("write, then wait for all", write(fds[0], "world", 5) == 5 && recv(fds[1], text, 10, MSG_WAITALL) == 10 &&
                                          memcmp(text, "helloworld", 10) == 0);
    getsockname(fds[0], (struct sockaddr *)&mine, &size);
    size = sizeof(theirs);
    CHECK("names of both ends", getpeername(fds[1], (struct sockaddr *)&theirs, &size) == 0 && size == sizeof(theirs) &&
                                    mine.sin_port == theirs.sin_port && mine.sin_port);
    FAILS("nothing to read", EAGAIN, recv(fds[1], text, 1, MSG_DONTWAIT));
    struct timeval t = {0, 30000};
    CHECK("SO_RCVTIMEO", setsockopt(fds[1], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) == 0);
    FAILS("it ends the wait", EAGAIN, read(fds[1], text, 1));
    CHECK("half-close", shutdown(fds[0], SHUT_WR) == 0 && read(fds[1], text, 1) == 0 && write(fds[1], "late", 4) == 4 &&
                            read(fds[0], text, sizeof(text)) == 4);
    int copy = dup(fds[0]);
    close(fds[0]);
    CHECK("a duplicate lives on", write(fds[1], "x", 1) == 1 && read(copy, text, 1) == 1);
    close(copy);
    close(fds[1]);
    FAILS("nobody listens", ECONNREFUSED, connect_to(5999));
}

/* Parts go in one call: at the other end they come at once. */
void test_vectors(void)
{
    enum { PARTS = 20, SIZE = 300 };
    static char data[PARTS * SIZE], back[PARTS * SIZE];
    struct iovec iov[PARTS];
    int fds[2];
    stream_pair(5001, fds);
    for (int i = 0; i < PARTS; i++) {
        memset(data + i * SIZE, 'a' + i, SIZE);
        iov[i] = (struct iovec){data + i * SIZE, SIZE};
    }
    CHECK("writev", writev(fds[0], iov, PARTS) == sizeof(data));
    CHECK("all of it",
          recv(fds[1], back, sizeof(back), MSG_WAITALL) == sizeof(back) && !memcmp(data, back, sizeof(data)));
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = PARTS};
    CHECK("sendmsg", sendmsg(fds[0], &m, MSG_NOSIGNAL) == sizeof(data));
    memset(data, 0, sizeof(data));
    struct pollfd p = {fds[1], POLLIN, 0};
    poll(&p, 1, 1000);
    ssize_t got = recvmsg(fds[1], &m, 0);
    CHECK("recvmsg", got > SIZE && !memcmp(data, back, (size_t)got)); /* more than one part */
    char control[64] = {0};
    m.msg_control = control, m.msg_controllen = sizeof(control);
    FAILS("no descriptors in messages", EOPNOTSUPP, sendmsg(fds[0], &m, 0));
    close(fds[0]);
    close(fds[1]);
}

static volatile int signals;

static void count(int number)
{
    signals += number == SIGPIPE;
}

void test_pipe_signal(void)
{
    int fds[2];
    stream_pair(5002, fds);
    signal(SIGPIPE, count);
    shutdown(fds[0], SHUT_WR);
    FAILS("MSG_NOSIGNAL: only the error", EPIPE, send(fds[0], "x", 1, MSG_NOSIGNAL));
    CHECK("no signal", signals == 0);
    FAILS("without it", EPIPE, send(fds[0], "x", 1, 0));
    CHECK("SIGPIPE", signals == 1);
    FAILS("write, too", EPIPE, write(fds[0], "x", 1));
    CHECK("SIGPIPE again", signals == 2);
    signal(SIGPIPE, SIG_IGN);
    close(fds[1]);
    close(fds[0]);
}

void test_nonblocking(void)
{
    static char block[65536];
    int fds[2], error = -1;
    socklen_t size = sizeof(error);
    stream_pair(5003, fds);
    fcntl(fds[0], F_SETFL, fcntl(fds[0], F_GETFL) | O_NONBLOCK);
    long sent = 0, got = 0, n;
    while ((n = send(fds[0], block, sizeof(block), 0)) > 0)
        sent += n;
    CHECK("full", n == -1 && errno == EAGAIN && sent >= 65536);
    struct pollfd p = {fds[0], POLLOUT, 0};
    CHECK("not writable", poll(&p, 1, 0) == 0);
    while (got < sent && (n = read(fds[1], block, sizeof(block))) > 0)
        got += n;
    CHECK("all of it came", got == sent);
    CHECK("writable again", poll(&p, 1, 1000) == 1 && p.revents == POLLOUT);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in at = at4(5998);
    FAILS("connect starts", EINPROGRESS, connect(fd, (struct sockaddr *)&at, sizeof(at)));
    p.fd = fd;
    CHECK("and is decided", poll(&p, 1, 1000) == 1 && (p.revents & (POLLERR | POLLHUP)));
    CHECK("SO_ERROR", getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == ECONNREFUSED);
    close(fd);
    fd = listen_at(5003, SO_REUSEADDR);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    FAILS("accept4", EAGAIN, accept4(fd, NULL, NULL, SOCK_NONBLOCK));
    close(fd);
    close(fds[0]);
    close(fds[1]);
}

static int get(int fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof(value);
    return getsockopt(fd, level, name, &value, &size) == 0 ? value : -1;
}

void test_options(void)
{
    int fds[2], on = 1, idle = 77;
    struct linger off = {0, 0};
    socklen_t size = sizeof(off);
    stream_pair(5004, fds);
    CHECK("TCP_NODELAY", setsockopt(fds[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 &&
                             get(fds[0], IPPROTO_TCP, TCP_NODELAY) == 1);
    CHECK("TCP_CORK", get(fds[0], IPPROTO_TCP, TCP_CORK) == 0 &&
                          setsockopt(fds[0], IPPROTO_TCP, TCP_CORK, &on, sizeof(on)) == 0 &&
                          get(fds[0], IPPROTO_TCP, TCP_CORK) == 1);
    CHECK("keep-alive", setsockopt(fds[0], SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) == 0 &&
                            setsockopt(fds[0], IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle)) == 0 &&
                            get(fds[0], IPPROTO_TCP, TCP_KEEPIDLE) == 77);
    CHECK("SO_LINGER", getsockopt(fds[0], SOL_SOCKET, SO_LINGER, &off, &size) == 0 && !off.l_onoff);
    CHECK("SO_TYPE", get(fds[0], SOL_SOCKET, SO_TYPE) == SOCK_STREAM);
    FAILS("no such option", ENOPROTOOPT, setsockopt(fds[0], SOL_SOCKET, 4711, &on, sizeof(on)));
    FAILS("not a socket", ENOTSOCK, setsockopt(0, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)));
    FAILS("not a descriptor", EBADF, send(99, "x", 1, 0));
    close(fds[0]);
    close(fds[1]);
}

/* Which of the non-blocking listeners accepts a connection to the port. */
static int accepted_by(const int *fds, int n)
{
    int client = connect_to(5005), who = -1;
    struct pollfd p[3];
    for (int i = 0; i < n; i++)
        p[i] = (struct pollfd){fds[i], POLLIN, 0};
    poll(p, (nfds_t)n, 1000);
    for (int i = 0; i < n; i++) {
        int fd = p[i].revents & POLLIN ? accept(fds[i], NULL, NULL) : -1;
        if (fd >= 0)
            who = i;
        close(fd);
    }
    close(client);
    return who;
}

void test_shared_port(void)
{
    int fds[3], counts[3] = {0};
    int first = listen_at(5005, SO_REUSEADDR);
    errno = 0;
    CHECK("SO_REUSEADDR does not share a port", listen_at(5005, SO_REUSEADDR) == -1 && errno == EADDRINUSE);
    CHECK("nor without", listen_at(5005, 0) == -1 && errno == EADDRINUSE);
    CHECK("nor with whom does not", listen_at(5005, SO_REUSEPORT) == -1 && errno == EADDRINUSE);
    close(first);
    for (int i = 0; i < 3; i++)
        fds[i] = listen_at(5005, SO_REUSEPORT);
    CHECK("SO_REUSEPORT does", fds[0] >= 0 && fds[1] >= 0 && fds[2] >= 0);
    for (int i = 0; i < 30; i++) {
        int who = accepted_by(fds, 3);
        if (who >= 0)
            counts[who]++;
    }
    CHECK("in turn", counts[0] == 10 && counts[1] == 10 && counts[2] == 10);
    close(fds[0]);
    CHECK("the others go on", accepted_by(fds + 1, 2) >= 0 && accepted_by(fds + 1, 2) >= 0);
    close(fds[1]);
    CHECK("and the last one", accepted_by(fds + 2, 1) == 0);
    close(fds[2]);
    FAILS("until nobody listens", ECONNREFUSED, connect_to(5005));
}

void test_ipv6(void)
{
    int listener = socket(AF_INET6, SOCK_STREAM, 0), six = socket(AF_INET6, SOCK_STREAM, 0), one, other;
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(5006)}, at = any, peer;
    socklen_t size = sizeof(peer);
    char text[INET6_ADDRSTRLEN];
    at.sin6_addr = in6addr_loopback;
    CHECK("both families", bind(listener, (struct sockaddr *)&any, sizeof(any)) == 0 && listen(listener, 4) == 0);
    CHECK("over ::1", connect(six, (struct sockaddr *)&at, sizeof(at)) == 0);
    one = accept(listener, (struct sockaddr *)&peer, &size);
    CHECK("its peer", one >= 0 && inet_ntop(AF_INET6, &peer.sin6_addr, text, sizeof(text)) && !strcmp(text, "::1"));
    int four = connect_to(5006);
    size = sizeof(peer);
    other = accept(listener, (struct sockaddr *)&peer, &size);
    CHECK("over 127.0.0.1", four >= 0 && other >= 0 && inet_ntop(AF_INET6, &peer.sin6_addr, text, sizeof(text)) &&
                                !strcmp(text, "::ffff:127.0.0.1"));
    CHECK("data", send(six, "6", 1, 0) == 1 && recv(one, text, 1, 0) == 1 && text[0] == '6');
    close(listener), close(six), close(one), close(four), close(other);
}

void test_datagrams(void)
{
    int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in at = at4(5007), from;
    socklen_t size = sizeof(from);
    char text[16];
    CHECK("bind", bind(b, (struct sockaddr *)&at, sizeof(at)) == 0);
    CHECK("sendto", sendto(a, "datagram", 8, 0, (struct sockaddr *)&at, sizeof(at)) == 8);
    CHECK("recvfrom",
          recvfrom(b, text, 4, MSG_TRUNC, (struct sockaddr *)&from, &size) == 8 && !memcmp(text, "data", 4));
    CHECK("connect", connect(b, (struct sockaddr *)&from, size) == 0 && send(b, "back", 4, 0) == 4);
    CHECK("read", read(a, text, sizeof(text)) == 4);
    FAILS("no destination", EDESTADDRREQ, send(a, "x", 1, 0));
    close(a);
    close(b);
}

void test_names(void)
{
    struct addrinfo *list = NULL, hints = {.ai_socktype = SOCK_STREAM};
    char host[64], port[16];
    CHECK("localhost", getaddrinfo("localhost", "redis", &hints, &list) == 0 && list && list->ai_next);
    CHECK("getnameinfo", getnameinfo(list->ai_addr, list->ai_addrlen, host, sizeof(host), port, sizeof(port),
                                     NI_NUMERICHOST | NI_NUMERICSERV) == 0 &&
                             !strcmp(port, "6379"));
    freeaddrinfo(list);
    hints.ai_flags = AI_NUMERICHOST;
    CHECK("not a number", getaddrinfo("some.name", "1", &hints, &list) == EAI_NONAME);
}
