/* One wait for sockets, pipes and other threads.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "net_check.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>

static int late_fd;

static void *write_later(void *unused)
{
    (void)unused;
    usleep(20000);
    return write(late_fd, "x", 1) == 1 ? NULL : "failed";
}

/* Starts a thread that writes to `fd` after a while. */
static void soon(int fd)
{
    pthread_t thread;
    late_fd = fd;
    pthread_create(&thread, NULL, write_later, NULL);
    pthread_detach(thread);
}

void test_waiting(void)
{
    int fds[2], ends[2];
    char c;
    stream_pair(5010, fds);
    CHECK("pipe", pipe(ends) == 0);
    struct pollfd p[2] = {{fds[1], POLLIN, 0}, {ends[0], POLLIN, 0}};
    CHECK("nothing is ready", poll(p, 2, 10) == 0);
    soon(fds[0]);
    CHECK("poll: the socket",
          poll(p, 2, 2000) == 1 && p[0].revents == POLLIN && !p[1].revents && read(fds[1], &c, 1) == 1);
    soon(ends[1]);
    CHECK("poll: the pipe",
          poll(p, 2, 2000) == 1 && p[1].revents == POLLIN && !p[0].revents && read(ends[0], &c, 1) == 1);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fds[1], &set);
    FD_SET(ends[0], &set);
    soon(fds[0]);
    struct timeval limit = {2, 0};
    CHECK("select", select(64, &set, NULL, NULL, &limit) == 1 && FD_ISSET(fds[1], &set) && !FD_ISSET(ends[0], &set));
    read(fds[1], &c, 1);
    soon(fds[0]);
    CHECK("a read that waits", read(fds[1], &c, 1) == 1);
    shutdown(fds[0], SHUT_WR);
    p[0].events = POLLIN | POLLRDHUP;
    CHECK("POLLRDHUP", poll(p, 1, 2000) == 1 && (p[0].revents & POLLRDHUP) && (p[0].revents & POLLIN));
    shutdown(fds[1], SHUT_WR);
    CHECK("POLLHUP", poll(p, 1, 2000) == 1 && (p[0].revents & POLLHUP));
    close(fds[0]), close(fds[1]), close(ends[0]), close(ends[1]);
}

void test_epoll_edges(void)
{
    int fds[2], ends[2], set = epoll_create1(0);
    char text[8];
    struct epoll_event e = {.events = EPOLLIN, .data.u32 = 1}, got[4];
    stream_pair(5011, fds);
    pipe(ends);
    CHECK("add a socket", epoll_ctl(set, EPOLL_CTL_ADD, fds[1], &e) == 0);
    e.data.u32 = 2;
    CHECK("and a pipe", epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &e) == 0);
    soon(fds[0]);
    CHECK("one wait for both", epoll_wait(set, got, 4, 2000) == 1 && got[0].data.u32 == 1);
    CHECK("level-triggered",
          epoll_wait(set, got, 4, 0) == 1 && read(fds[1], text, 8) == 1 && epoll_wait(set, got, 4, 0) == 0);
    soon(ends[1]);
    CHECK("the pipe", epoll_wait(set, got, 4, 2000) == 1 && got[0].data.u32 == 2 && read(ends[0], text, 8) == 1);
    e = (struct epoll_event){.events = EPOLLIN | EPOLLET, .data.u32 = 3};
    epoll_ctl(set, EPOLL_CTL_MOD, fds[1], &e);
    soon(fds[0]);
    CHECK("edge-triggered",
          epoll_wait(set, got, 4, 2000) == 1 && got[0].data.u32 == 3 && epoll_wait(set, got, 4, 20) == 0);
    soon(fds[0]);
    CHECK("again for more", epoll_wait(set, got, 4, 2000) == 1 && read(fds[1], text, 8) == 2);
    e.events = EPOLLIN | EPOLLONESHOT;
    epoll_ctl(set, EPOLL_CTL_MOD, fds[1], &e);
    write(fds[0], "a", 1);
    CHECK("one-shot", epoll_wait(set, got, 4, 2000) == 1 && (write(fds[0], "b", 1), epoll_wait(set, got, 4, 20) == 0));
    close(fds[1]);
    CHECK("closed ones are gone", epoll_wait(set, got, 4, 0) == 0);
    close(fds[0]), close(ends[0]), close(ends[1]), close(set);
}

/* More than FD_SETSIZE of a small C library, all ready at once. */
void test_many(void)
{
    enum { N = 200 };
    static int fds[N][2];
    int set = epoll_create1(0), ready = 0;
    bool good = true, seen[N] = {false};
    struct epoll_event got[32];
    fd_set readable;
    FD_ZERO(&readable);
    for (int i = 0; i < N; i++) {
        stream_pair(5012, fds[i]);
        struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.u32 = (uint32_t)i};
        good &= fds[i][1] >= 0 && epoll_ctl(set, EPOLL_CTL_ADD, fds[i][1], &e) == 0;
        FD_SET(fds[i][1], &readable);
    }
    CHECK("200 connections", good);
    for (int i = 0; i < N; i++)
        good &= write(fds[i][0], "x", 1) == 1;
    int n;
    while ((n = epoll_wait(set, got, 32, 200)) > 0)
        for (int i = 0; i < n; i++) {
            ready += !seen[got[i].data.u32];
            seen[got[i].data.u32] = true;
        }
    CHECK("all are ready", good && ready == N);
    struct timeval now = {0, 0};
    CHECK("select sees them, too", select(1024, &readable, NULL, NULL, &now) == N);
    for (int i = 0; i < N; i++)
        close(fds[i][0]), close(fds[i][1]);
    close(set);
}
