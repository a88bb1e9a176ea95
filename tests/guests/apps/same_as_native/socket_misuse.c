/* Errors of sockets.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "same_as_native.h"
#include "sockets.h"

static int bind_to(int fd, uint32_t address, int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = (in_port_t)port};
    to.sin_addr.s_addr = htonl(address);
    return bind(fd, (struct sockaddr *)&to, sizeof(to));
}

static void show_making(void)
{
    SHOW(close(socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)));
    SHOW(close(socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP)));
    SHOW(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    SHOW(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
    SHOW(socket(AF_INET, SOCK_STREAM, 1234));
    SHOW(socket(AF_INET, 77, 0));
    SHOW(socket(AF_INET, 0, 0));
    SHOW(socket(12345, SOCK_STREAM, 0));
    SHOW(socket(-1, SOCK_STREAM, 0));
    SHOW(socket(AF_INET, SOCK_SEQPACKET, 0));
}

static void show_binding(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), other = socket(AF_INET, SOCK_STREAM, 0), third;
    struct sockaddr_in address = loopback(0);
    SHOW(bind_to(fd, 0xc0000201, 0)); /* 192.0.2.1, of nobody */
    SHOW(bind_to(fd, 0xe0000001, 0)); /* a group */
    SHOW(bind(fd, (struct sockaddr *)&address, 4));
    address.sin_family = 12345;
    SHOW(bind(fd, (struct sockaddr *)&address, sizeof(address)));
    SHOW(bind_to(fd, INADDR_LOOPBACK, 0));
    SHOW(bind_to(fd, INADDR_LOOPBACK, 0));
    SHOW(port_of(fd) != 0);
    SHOW(bind_to(other, INADDR_LOOPBACK, port_of(fd)));
    SHOW(bind_to(other, INADDR_ANY, port_of(fd)));
    SHOW(listen(fd, 0));
    SHOW(listen(fd, 5));
    SHOW(listen(fd, -1));
    SHOW_AS("bind of a port that is listened to", bind_to(other, INADDR_LOOPBACK, port_of(fd)));
    int on = 1;
    setsockopt(other, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    SHOW_AS("with SO_REUSEADDR", bind_to(other, INADDR_LOOPBACK, port_of(fd)));
    third = socket(AF_INET, SOCK_STREAM, 0);
    SHOW(listen(third, 1));
    SHOW(port_of(third) != 0);
    close(third);
    third = socket(AF_INET, SOCK_STREAM, 0);
    SHOW(port_of(third));
    close(third);
    SHOW(bind_to(99, INADDR_LOOPBACK, 0));
    close(fd);
    close(other);
}

static void show_unconnected(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char buf[8];
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof(address);
    SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
    SHOW(recv(fd, buf, 1, 0));
    SHOW(recv(fd, buf, 1, MSG_DONTWAIT));
    SHOW(write(fd, "x", 1));
    SHOW(read(fd, buf, 1));
    SHOW(shutdown(fd, SHUT_WR));
    SHOW(getpeername(fd, (struct sockaddr *)&address, &size));
    SHOW(accept(fd, NULL, NULL));
    struct pollfd item = {.fd = fd, .events = POLLIN | POLLOUT};
    SHOW(poll(&item, 1, 0));
    show("found", "%s", name_of_events(item.revents));
    address = loopback(htons(9));
    SHOW(connect(fd, (struct sockaddr *)&address, 4));
    address.sin_family = 12345;
    SHOW(connect(fd, (struct sockaddr *)&address, sizeof(address)));
    SHOW(connect(99, (struct sockaddr *)&address, sizeof(address)));
    close(fd);
    fd = listen_anywhere();
    set_case("listener");
    SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
    SHOW(recv(fd, buf, 1, MSG_DONTWAIT));
    address = loopback(port_of(fd));
    SHOW(connect(fd, (struct sockaddr *)&address, sizeof(address)));
    SHOW(poll(&(struct pollfd){.fd = fd, .events = POLLIN | POLLOUT}, 1, 0));
    SHOW(shutdown(fd, SHUT_RD));
    SHOW(lseek(fd, 0, SEEK_CUR));
    close(fd);
    set_case("%s", "");
}

static void show_unix(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    SHOW(fd >= 0);
    close(fd);
}

void show_socket_misuse(void)
{
    signal(SIGPIPE, SIG_IGN);
    show_making();
    show_binding();
    show_unconnected();
    show_unix();
}
