/* UDP over the loopback.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "same_as_native.h"
#include "sockets.h"

static int bound_socket(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address = loopback(0);
    bind(fd, (struct sockaddr *)&address, sizeof(address));
    return fd;
}

static int pending(int fd)
{
    int n = -1;
    return ioctl(fd, FIONREAD, &n) == 0 ? n : -1;
}

static int send_to(int fd, const char *text, int port)
{
    struct sockaddr_in address = loopback(port);
    return (int)sendto(fd, text, strlen(text), 0, (struct sockaddr *)&address, sizeof(address));
}

static void show_datagrams(int a, int b)
{
    char buf[64] = "", more[8] = "";
    struct sockaddr_in from = {0};
    socklen_t size = sizeof(from);
    SHOW(send_to(a, "first", port_of(b)));
    SHOW(send_to(a, "", port_of(b)));
    SHOW(send_to(a, "third one", port_of(b)));
    show("readable", "%s", found_after(b, POLLIN, POLLIN | POLLOUT));
    SHOW(pending(b));
    SHOW(recvfrom(b, buf, 64, MSG_PEEK, NULL, NULL));
    SHOW(recvfrom(b, buf, 64, 0, (struct sockaddr *)&from, &size));
    show("datagram", "%s, from the sender %d, %d bytes", buf, from.sin_port == port_of(a), (int)size);
    SHOW(wait_for(b, POLLIN) & POLLIN);
    SHOW(recv(b, buf, 64, 0));
    SHOW(wait_for(b, POLLIN) & POLLIN);
    struct iovec parts[] = {{buf, 3}, {more, 2}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    SHOW(recvmsg(b, &message, 0));
    show("cut off", "%.3s %.2s, %d", buf, more, (message.msg_flags & MSG_TRUNC) != 0);
    SHOW(recv(b, buf, 64, MSG_DONTWAIT));
    SHOW(send_to(a, "long enough", port_of(b)));
    wait_for(b, POLLIN);
    show("size with MSG_TRUNC", "%d", (int)recv(b, buf, 4, MSG_TRUNC));
    message = (struct msghdr){.msg_iov = (struct iovec[]){{"one", 3}, {"two", 3}}, .msg_iovlen = 2};
    SHOW(sendmsg(a, &message, 0));
}

static void show_connected(int a, int b)
{
    struct sockaddr_in address = loopback(port_of(b)), peer = {0};
    socklen_t size = sizeof(peer);
    char buf[64] = "";
    SHOW(send(a, "x", 1, 0));
    SHOW(getpeername(a, (struct sockaddr *)&peer, &size));
    SHOW(connect(a, (struct sockaddr *)&address, sizeof(address)));
    SHOW(getpeername(a, (struct sockaddr *)&peer, &size));
    SHOW(peer.sin_port == port_of(b));
    SHOW(send(a, "connected", 9, 0));
    SHOW(wait_for(b, POLLIN) & POLLIN);
    SHOW(recv(b, buf, 64, 0));
    show("received", "%s", buf);
    int other = bound_socket();
    SHOW(send_to(other, "stranger", port_of(a)));
    SHOW(send_to(b, "friend", port_of(a)));
    SHOW(wait_for(a, POLLIN) & POLLIN);
    memset(buf, 0, sizeof(buf));
    SHOW(recv(a, buf, 64, MSG_DONTWAIT));
    show("received from the peer", "%s", buf);
    SHOW(recv(a, buf, 64, MSG_DONTWAIT));
    show("nothing more", "%s", error_name(last_error));
    close(other);
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    SHOW(connect(a, &none, sizeof(none)));
    show("address of the peer", "%d", getpeername(a, (struct sockaddr *)&peer, &size));
}

static void show_misuse(int a)
{
    static char block[70000];
    struct sockaddr_in address = loopback(port_of(a));
    SHOW(sendto(a, block, 65508, 0, (struct sockaddr *)&address, sizeof(address)));
    SHOW(sendto(a, block, 70000, 0, (struct sockaddr *)&address, sizeof(address)));
    SHOW(sendto(a, block, 1, 0, (struct sockaddr *)&address, 4));
    SHOW(sendto(a, block, 1, 0, NULL, 0));
    address.sin_family = 12345;
    SHOW(sendto(a, block, 1, 0, (struct sockaddr *)&address, sizeof(address)));
    SHOW(listen(a, 1));
    SHOW(accept(a, NULL, NULL));
    SHOW(shutdown(a, SHUT_RDWR));
    SHOW(recv(a, block, 1, MSG_DONTWAIT));
    SHOW(lseek(a, 0, SEEK_CUR));
    address = loopback(port_of(a));
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    SHOW(bind(fd, (struct sockaddr *)&address, sizeof(address)));
    SHOW(bind(a, (struct sockaddr *)&address, sizeof(address)));
    show("idle", "%s", found_after(fd, POLLOUT, POLLIN | POLLOUT));
    int closed = bound_socket(), port = port_of(closed);
    close(closed);
    address = loopback(port);
    SHOW(connect(fd, (struct sockaddr *)&address, sizeof(address)));
    SHOW(send(fd, "x", 1, 0));
    struct pollfd item = {.fd = fd, .events = POLLIN};
    poll(&item, 1, 200);
    show("nobody is there", "%s", name_of_events(item.revents));
    SHOW_AS("recv", recv(fd, block, 1, MSG_DONTWAIT));
    close(fd);
}

void show_udp(void)
{
    int a = bound_socket(), b = bound_socket();
    show_datagrams(a, b);
    close(b);
    b = bound_socket();
    show_connected(a, b);
    close(a);
    a = bound_socket();
    show_misuse(a);
    close(a);
    close(b);
}
