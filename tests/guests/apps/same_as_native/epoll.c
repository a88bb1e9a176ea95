/* epoll: level, edge, one-shot, nested sets, hangups, misuse.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "same_as_native.h"
#include "sockets.h"

static int set;

static int control(int operation, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    return epoll_ctl(set, operation, fd, &event);
}

static const char *name_of_found(uint32_t events)
{
    return name_of_events((int)events & (POLLIN | POLLPRI | POLLOUT | POLLERR | POLLHUP | POLLRDHUP));
}

/* What is found at once; up to two, the second one with fewer words. */
static void show_found(const char *name)
{
    struct epoll_event found[4];
    int n = epoll_wait(set, found, 4, 0);
    show(name, "%d %s%s", n, n > 0 ? name_of_found(found[0].events) : "", n > 1 ? name_of_found(found[1].events) : "");
}

static void show_edges(void)
{
    int ends[2];
    char buf[8];
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    set_case("level");
    SHOW(control(EPOLL_CTL_ADD, ends[0], EPOLLIN));
    show_found("nothing");
    write(ends[1], "ab", 2);
    show_found("two bytes");
    show_found("again");
    read(ends[0], buf, 1);
    show_found("one byte left");
    read(ends[0], buf, 1);
    show_found("all read");
    set_case("edge");
    SHOW(control(EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLET));
    show_found("nothing");
    write(ends[1], "ab", 2);
    show_found("two bytes");
    show_found("again");
    read(ends[0], buf, 1);
    show_found("one byte left");
    write(ends[1], "c", 1);
    show_found("one more came");
    show_found("one more, again");
    SHOW(control(EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLET));
    show_found("armed anew");
    SHOW(control(EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLOUT | EPOLLET));
    show_found("both directions");
    show_found("both directions, again");
    read(ends[0], buf, 8);
    write(ends[1], "d", 1);
    show_found("read and written");
    set_case("one-shot");
    SHOW(control(EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT));
    show_found("first");
    show_found("second");
    write(ends[1], "e", 1);
    show_found("more came");
    SHOW(control(EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT));
    show_found("armed anew");
    show_found("armed anew, again");
    set_case("nothing asked for");
    SHOW(control(EPOLL_CTL_MOD, ends[0], 0));
    show_found("bytes");
    close(ends[1]);
    show_found("closed by the other end");
    close(ends[0]);
    show_found("closed");
    set_case("%s", "");
}

static void show_hangups(void)
{
    int ends[2];
    char buf[8];
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    set_case("half closed");
    control(EPOLL_CTL_ADD, ends[0], EPOLLIN | EPOLLRDHUP);
    control(EPOLL_CTL_ADD, ends[1], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    show_found("idle");
    show_found("idle again");
    shutdown(ends[1], SHUT_WR);
    show_found("shut");
    read(ends[0], buf, 8);
    show_found("end was read");
    control(EPOLL_CTL_MOD, ends[0], EPOLLIN);
    show_found("without RDHUP");
    shutdown(ends[0], SHUT_WR);
    show_found("both shut");
    close(ends[0]);
    show_found("one closed");
    close(ends[1]);
    set_case("pipe");
    pipe(ends);
    control(EPOLL_CTL_ADD, ends[0], EPOLLIN);
    control(EPOLL_CTL_ADD, ends[1], EPOLLOUT | EPOLLET);
    show_found("idle");
    close(ends[0]);
    show_found("reader closed");
    show_found("reader closed, again");
    close(ends[1]);
    set_case("%s", "");
}

static void show_misuse(void)
{
    int ends[2], file = open("f", O_RDWR | O_CREAT, 0644), other = epoll_create1(0), third = epoll_create1(0);
    struct epoll_event found[2], event = {.events = EPOLLIN};
    pipe(ends);
    SHOW(control(EPOLL_CTL_ADD, ends[0], EPOLLIN));
    SHOW(control(EPOLL_CTL_ADD, ends[0], EPOLLIN | EPOLLOUT));
    SHOW(control(EPOLL_CTL_MOD, ends[1], EPOLLIN));
    SHOW(control(EPOLL_CTL_DEL, ends[1], EPOLLIN));
    SHOW(control(EPOLL_CTL_ADD, file, EPOLLIN));
    SHOW(control(EPOLL_CTL_ADD, 99, EPOLLIN));
    SHOW(control(EPOLL_CTL_ADD, set, EPOLLIN));
    SHOW(control(77, ends[1], EPOLLIN));
    SHOW(epoll_ctl(99, EPOLL_CTL_ADD, ends[1], &event));
    SHOW(epoll_ctl(ends[0], EPOLL_CTL_ADD, ends[1], &event));
    SHOW(epoll_ctl(set, EPOLL_CTL_DEL, ends[0], NULL));
    SHOW(epoll_wait(set, found, 0, 0));
    SHOW(epoll_wait(set, found, -1, 0));
    SHOW(epoll_wait(99, found, 1, 0));
    SHOW(epoll_wait(ends[0], found, 1, 0));
    SHOW(epoll_wait(set, found, 1, 1));
    SHOW(epoll_create1(0x5));
    SHOW(epoll_create(0));
    SHOW(read(set, found, 1));
    SHOW(write(set, found, 1));
    SHOW(fcntl(set, F_GETFD));
    SHOW(control(EPOLL_CTL_ADD, other, EPOLLIN));
    SHOW(epoll_ctl(other, EPOLL_CTL_ADD, ends[0], &event));
    show_found("nested, idle");
    write(ends[1], "x", 1);
    show_found("nested, a byte");
    show("poll of a set", "%s", name_of_events(wait_for(other, POLLIN)));
    SHOW(epoll_ctl(other, EPOLL_CTL_ADD, set, &event));
    SHOW(epoll_ctl(third, EPOLL_CTL_ADD, other, &event));
    close(third);
    close(other);
    show_found("nested set closed");
    SHOW(control(EPOLL_CTL_ADD, ends[0], EPOLLIN));
    int twin = dup(ends[0]);
    close(ends[0]);
    show_found("closed, a duplicate is open");
    SHOW(epoll_ctl(set, EPOLL_CTL_DEL, ends[0], &event));
    close(twin);
    show_found("the duplicate is closed");
    close(ends[1]);
    close(file);
    unlink("f");
}

static void show_order(void)
{
    struct epoll_event found[3];
    int events[3];
    for (int i = 0; i < 3; i++) {
        events[i] = eventfd(0, 0);
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)i + 10};
        epoll_ctl(set, EPOLL_CTL_ADD, events[i], &event);
    }
    eventfd_write(events[1], 1);
    eventfd_write(events[2], 1);
    SHOW(epoll_wait(set, found, 1, 0));
    uint64_t first = found[0].data.u64;
    SHOW(epoll_wait(set, found + 1, 1, 0));
    show("both in turn", "%d", (int)(first + found[1].data.u64));
    SHOW(epoll_wait(set, found, 3, -1));
    show("user data", "%d", (int)(found[0].data.u64 + found[1].data.u64));
    for (int i = 0; i < 3; i++)
        close(events[i]);
}

void show_epoll(void)
{
    set = epoll_create1(EPOLL_CLOEXEC);
    show_edges();
    show_hangups();
    show_misuse();
    show_order();
    close(set);
}
