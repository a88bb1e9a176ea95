/* TCP over the loopback: connections, halves, ends, readiness.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "same_as_native.h"
#include "sockets.h"

static int pending(int fd)
{
    int n = -1;
    return ioctl(fd, FIONREAD, &n) == 0 ? n : -1;
}

static int connect_to(int fd, int port)
{
    struct sockaddr_in address = loopback(port);
    return connect(fd, (struct sockaddr *)&address, sizeof(address));
}

static int error_of(int fd)
{
    int error = -1;
    socklen_t size = sizeof(error);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

static void show_transfer(void)
{
    struct pair pair = connect_pair();
    char buf[64] = "";
    SHOW(send(pair.client, "hello", 5, 0));
    show("readable", "%s", found_after(pair.server, POLLIN, POLLIN | POLLOUT));
    SHOW(pending(pair.server));
    SHOW(recv(pair.server, buf, 2, MSG_PEEK));
    SHOW(recv(pair.server, buf, 2, 0));
    SHOW(recv(pair.server, buf + 2, 60, 0));
    SHOW_TEXT(buf);
    SHOW(recv(pair.server, buf, 1, MSG_DONTWAIT));
    SHOW(recv(pair.server, buf, 0, MSG_DONTWAIT));
    SHOW(send(pair.server, buf, 0, 0));
    struct iovec parts[] = {{"one", 3}, {"", 0}, {"two", 3}}, in[] = {{buf, 4}, {buf + 10, 10}};
    SHOW(writev(pair.server, parts, 3));
    SHOW(recv(pair.client, buf, 6, MSG_WAITALL));
    show("parts", "%.6s", buf);
    SHOW(write(pair.server, "threefour", 9));
    SHOW(wait_for(pair.client, POLLIN) & POLLIN);
    SHOW(readv(pair.client, in, 2));
    show("parts read", "%.4s %.5s", buf, buf + 10);
    SHOW(sendto(pair.client, "x", 1, 0, NULL, 0));
    struct sockaddr_in from = {0};
    socklen_t size = sizeof(from);
    SHOW(recvfrom(pair.server, buf, 8, 0, (struct sockaddr *)&from, &size));
    struct sockaddr_in elsewhere = loopback(htons(9));
    show("sendto another address", "%d", (int)sendto(pair.client, "y", 1, 0, (struct sockaddr *)&elsewhere, 16));
    SHOW(recv(pair.server, buf, 8, 0));
    SHOW(pread(pair.client, buf, 1, 0));
    SHOW(lseek(pair.client, 0, SEEK_SET));
    SHOW(ftruncate(pair.client, 0));
    close_pair(pair);
}

static void show_addresses_of(void)
{
    struct pair pair = connect_pair();
    struct sockaddr_in own = {0}, peer = {0}, accepted = {0};
    socklen_t size = sizeof(own);
    SHOW(getsockname(pair.client, (struct sockaddr *)&own, &size));
    SHOW(size);
    SHOW(getpeername(pair.server, (struct sockaddr *)&peer, &size));
    SHOW(own.sin_port == peer.sin_port);
    SHOW_TEXT(inet_ntoa(peer.sin_addr));
    SHOW(getpeername(pair.listener, (struct sockaddr *)&peer, &size));
    size = 4;
    memset(&own, 0x55, sizeof(own));
    SHOW(getsockname(pair.client, (struct sockaddr *)&own, &size));
    show("cut off", "%d, family %d, address %x", (int)size, own.sin_family == AF_INET, own.sin_addr.s_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    size = sizeof(own);
    SHOW(connect_to(fd, port_of(pair.listener)));
    SHOW(connect_to(fd, port_of(pair.listener)));
    int server = accept4(pair.listener, (struct sockaddr *)&accepted, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    SHOW((fcntl(server, F_GETFL) & O_NONBLOCK) != 0);
    SHOW(fcntl(server, F_GETFD));
    SHOW(accepted.sin_port == port_of(fd));
    SHOW(fcntl(pair.listener, F_SETFL, O_NONBLOCK));
    SHOW(accept(pair.listener, NULL, NULL));
    SHOW(accept(fd, NULL, NULL));
    SHOW(listen(fd, 1));
    close(fd);
    close(server);
    close_pair(pair);
}

static void show_halves(void)
{
    struct pair pair = connect_pair();
    char buf[64];
    set_case("halves");
    SHOW(send(pair.client, "last", 4, 0));
    SHOW(shutdown(pair.client, SHUT_WR));
    SHOW(send(pair.client, "x", 1, MSG_NOSIGNAL));
    show("before the end", "%s", name_of_events(wait_for(pair.server, POLLRDHUP) & POLLRDHUP));
    SHOW(recv(pair.server, buf, 8, 0));
    SHOW(recv(pair.server, buf, 8, 0) == 0);
    show("at the end", "%s", found_after(pair.server, POLLIN, POLLIN | POLLOUT | POLLRDHUP));
    SHOW(send(pair.server, "answer", 6, 0));
    SHOW(recv(pair.client, buf, 64, 0));
    SHOW(shutdown(pair.client, SHUT_WR));
    show("client", "%s", name_of_events(wait_for(pair.client, POLLOUT)));
    SHOW(shutdown(pair.server, SHUT_WR));
    SHOW(recv(pair.client, buf, 64, 0) == 0);
    show("both ends shut", "%s", found_after(pair.client, POLLIN, POLLIN | POLLOUT | POLLRDHUP));
    SHOW(shutdown(pair.client, 77));
    close_pair(pair);
    pair = connect_pair();
    set_case("SHUT_RD");
    SHOW(shutdown(pair.server, SHUT_RD));
    SHOW(recv(pair.server, buf, 8, 0));
    show("found", "%s", found_after(pair.server, POLLIN, POLLIN | POLLOUT | POLLRDHUP));
    SHOW(send(pair.server, "x", 1, 0));
    SHOW(recv(pair.client, buf, 8, 0));
    close_pair(pair);
    set_case("%s", "");
}

static void show_resets(void)
{
    struct pair pair = connect_pair();
    struct linger now = {1, 0};
    char buf[8];
    set_case("reset");
    SHOW(setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
    close(pair.client);
    show("found", "%s", found_after(pair.server, POLLIN, POLLIN | POLLOUT));
    SHOW(recv(pair.server, buf, 8, 0));
    SHOW(recv(pair.server, buf, 4, 0));
    SHOW(send(pair.server, "x", 1, MSG_NOSIGNAL));
    close(pair.server);
    close(pair.listener);
    pair = connect_pair();
    setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(pair.client);
    wait_for(pair.server, POLLIN);
    show("SO_ERROR", "%s", error_name(error_of(pair.server)));
    show("SO_ERROR again", "%s", error_name(error_of(pair.server)));
    close(pair.server);
    close(pair.listener);
    set_case("unread bytes");
    pair = connect_pair();
    send(pair.client, "unread", 6, 0);
    wait_for(pair.server, POLLIN);
    close(pair.server);
    SHOW(wait_for(pair.client, POLLIN) != 0);
    SHOW_AS("recv of the other end", recv(pair.client, buf, 8, 0));
    close(pair.client);
    close(pair.listener);
    set_case("%s", "");
}

static void show_refusals(void)
{
    int listener = listen_anywhere(), port = port_of(listener), fd = socket(AF_INET, SOCK_STREAM, 0);
    close(listener);
    set_case("refused");
    SHOW(connect_to(fd, port));
    SHOW(error_of(fd));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int r = connect_to(fd, port), error = errno;
    show("at once", "%d %s", r, error == EINPROGRESS || error == ECONNREFUSED ? "as it may be" : error_name(error));
    show("found", "%s", found_after(fd, POLLIN, POLLIN | POLLOUT));
    if (error == EINPROGRESS)
        show("SO_ERROR", "%s", error_name(error_of(fd)));
    else
        show("SO_ERROR", "%s", error_name(error));
    close(fd);
    set_case("%s", "");
}

static void show_unfinished(void)
{
    int listener = listen_anywhere(), fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    set_case("non-blocking");
    SHOW(connect_to(fd, port_of(listener)));
    show("found", "%s", name_of_events(wait_for(fd, POLLOUT)));
    SHOW(error_of(fd));
    SHOW(connect_to(fd, port_of(listener)));
    show("listener", "%s", name_of_events(wait_for(listener, POLLIN)));
    int server = accept(listener, NULL, NULL);
    SHOW(server >= 0);
    SHOW((fcntl(server, F_GETFL) & O_NONBLOCK) != 0);
    static char block[65536];
    long long sent = 0, n;
    while ((n = send(fd, block, sizeof(block), 0)) > 0)
        sent += n;
    show("full", "%s, after at least 64 KiB: %d", error_name(errno), sent >= 65536);
    SHOW(wait_for(server, POLLIN));
    struct pollfd item = {.fd = fd, .events = POLLOUT};
    SHOW(poll(&item, 1, 0));
    long long got = 0;
    while (got < sent && (n = recv(server, block, sizeof(block), 0)) > 0)
        got += n;
    SHOW(got == sent);
    show("drained", "%s", name_of_events(wait_for(fd, POLLOUT)));
    close(fd);
    close(server);
    close(listener);
    set_case("%s", "");
}

static void show_epoll_of_connections(void)
{
    struct pair pair = connect_pair();
    int set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET}, found[2];
    char buf[8];
    set_case("epoll");
    SHOW(epoll_ctl(set, EPOLL_CTL_ADD, pair.server, &event));
    SHOW(epoll_wait(set, found, 2, 0));
    send(pair.client, "ab", 2, 0);
    SHOW(epoll_wait(set, found, 1, 5000));
    show("found", "%s", name_of_events((int)found[0].events));
    SHOW(epoll_wait(set, found, 3, 0) + 0);
    SHOW(recv(pair.server, buf, 1, 0));
    show("a byte left", "%d", epoll_wait(set, found, 2, 20));
    send(pair.client, "c", 1, 0);
    show("one more came", "%d", epoll_wait(set, found, 2, 5000));
    SHOW(shutdown(pair.client, SHUT_WR));
    show("half closed", "%d", epoll_wait(set, found, 2, 5000));
    show("half closed, found", "%s", name_of_events((int)found[0].events));
    show("half closed, again", "%d", epoll_wait(set, found, 2, 20));
    close(set);
    close_pair(pair);
    set_case("%s", "");
}

void show_tcp(void)
{
    signal(SIGPIPE, SIG_IGN);
    show_transfer();
    show_addresses_of();
    show_halves();
    show_resets();
    show_refusals();
    show_unfinished();
    show_epoll_of_connections();
}
