/* Socket pairs.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "same_as_native.h"
#include "sockets.h"

static void show_transfer(void)
{
    int ends[2];
    char buf[32] = "";
    SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    SHOW(send(ends[0], "hello", 5, 0));
    SHOW(recv(ends[1], buf, 2, 0));
    SHOW(recv(ends[1], buf, 8, MSG_PEEK));
    SHOW_TEXT(buf);
    SHOW(recv(ends[1], buf, 8, MSG_DONTWAIT));
    SHOW(recv(ends[1], buf, 8, MSG_DONTWAIT));
    SHOW(write(ends[1], "back", 4));
    SHOW(read(ends[0], buf, 32));
    SHOW(sendto(ends[0], "x", 1, 0, NULL, 0));
    SHOW(recvfrom(ends[1], buf, 8, 0, NULL, NULL));
    struct iovec parts[] = {{"one", 3}, {"two", 3}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    SHOW(sendmsg(ends[0], &message, 0));
    SHOW(recv(ends[1], buf, 6, MSG_WAITALL));
    show("parts", "%.6s", buf);
    struct sockaddr_un address;
    socklen_t size = sizeof(address);
    memset(&address, 0, sizeof(address));
    SHOW(getsockname(ends[0], (struct sockaddr *)&address, &size));
    show("own address", "%d bytes, family %s", (int)size, address.sun_family == AF_UNIX ? "AF_UNIX" : "another");
    size = sizeof(address);
    SHOW(getpeername(ends[0], (struct sockaddr *)&address, &size));
    struct stat st;
    SHOW((fstat(ends[0], &st), S_ISSOCK(st.st_mode)));
    SHOW(lseek(ends[0], 0, SEEK_CUR));
    SHOW(pread(ends[0], buf, 1, 0));
    SHOW(listen(ends[0], 1));
    SHOW(accept(ends[0], NULL, NULL));
    int value = -1;
    size = sizeof(value);
    SHOW(getsockopt(ends[0], SOL_SOCKET, SO_TYPE, &value, &size));
    SHOW(value == SOCK_STREAM);
    SHOW(getsockopt(ends[0], SOL_SOCKET, SO_ERROR, &value, &size));
    SHOW(value);
    close(ends[0]);
    close(ends[1]);
}

static void show_ends(void)
{
    int ends[2];
    char buf[8];
    signal(SIGPIPE, SIG_IGN);
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    set_case("ends");
    send(ends[0], "rest", 4, 0);
    SHOW(shutdown(ends[0], SHUT_WR));
    SHOW(send(ends[0], "x", 1, MSG_NOSIGNAL));
    SHOW(recv(ends[1], buf, 8, 0));
    show("end", "%d", (int)recv(ends[1], buf, 8, 0));
    SHOW(send(ends[1], "ok", 2, 0));
    SHOW(recv(ends[0], buf, 8, 0));
    SHOW(shutdown(ends[0], SHUT_WR));
    SHOW(shutdown(ends[0], 77));
    SHOW(shutdown(ends[0], SHUT_RD));
    show("end after SHUT_RD", "%d", (int)recv(ends[0], buf, 8, 0));
    SHOW_AS("send to it", send(ends[1], "x", 1, MSG_NOSIGNAL));
    close(ends[1]);
    show("end after close", "%d", (int)recv(ends[0], buf, 8, 0));
    close(ends[0]);
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    send(ends[1], "unread", 6, 0);
    close(ends[0]);
    SHOW_AS("reset by unread bytes", recv(ends[1], buf, 8, 0));
    SHOW_AS("send to nobody", send(ends[1], "x", 1, MSG_NOSIGNAL));
    close(ends[1]);
    set_case("%s", "");
}

void show_socketpair(void)
{
    int ends[2];
    char buf[8];
    show_transfer();
    show_ends();
    SHOW(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends));
    SHOW((fcntl(ends[0], F_GETFL) & O_NONBLOCK) != 0);
    SHOW(fcntl(ends[1], F_GETFD));
    SHOW(recv(ends[0], buf, 1, 0));
    close(ends[0]);
    close(ends[1]);
    SHOW(socketpair(AF_INET, SOCK_STREAM, 0, ends));
    SHOW(socketpair(AF_UNIX, 77, 0, ends));
    SHOW(socketpair(12345, SOCK_STREAM, 0, ends));
    SHOW(socketpair(AF_UNIX, SOCK_STREAM, 77, ends));
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    SHOW(send(fd, "x", 1, 0));
    SHOW(recv(fd, buf, 1, 0));
    SHOW(shutdown(fd, SHUT_RD));
    SHOW(listen(fd, 1));
    SHOW(accept(fd, NULL, NULL));
    SHOW(getsockname(fd, NULL, NULL));
    SHOW(send(99, "x", 1, 0));
    SHOW(recv(99, buf, 1, 0));
    SHOW(shutdown(99, SHUT_RD));
    SHOW(listen(99, 1));
    SHOW(accept(99, NULL, NULL));
    close(fd);
    unlink("f");
}
