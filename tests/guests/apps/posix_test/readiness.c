/* poll, select and epoll.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static long ms_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

static void *write_soon(void *fd)
{
    usleep(3000);
    write(*(int *)fd, "x", 1);
    return NULL;
}

void test_readiness(void)
{
    int fds[2];
    char c;
    pthread_t t;
    struct timespec start;
    pipe(fds);
    struct pollfd p[2] = {{fds[0], POLLIN, 0}, {fds[1], POLLOUT, 0}};
    CHECK("poll: only the writer", poll(p, 2, 0) == 1 && !p[0].revents && p[1].revents == POLLOUT);
    write(fds[1], "x", 1);
    CHECK("poll: both", poll(p, 2, -1) == 2 && p[0].revents == POLLIN);
    read(fds[0], &c, 1);
    clock_gettime(CLOCK_MONOTONIC, &start);
    CHECK("poll: time-out", poll(p, 1, 30) == 0 && ms_since(&start) >= 30 && ms_since(&start) < 500);
    pthread_create(&t, NULL, write_soon, &fds[1]);
    CHECK("poll: woken by another thread", poll(p, 1, 5000) == 1 && read(fds[0], &c, 1) == 1);
    pthread_join(t, NULL);
    struct pollfd bad = {777, POLLIN, 0};
    CHECK("poll: POLLNVAL", poll(&bad, 1, 1000) == 1 && bad.revents == POLLNVAL);
    fd_set r, w;
    FD_ZERO(&r);
    FD_ZERO(&w);
    FD_SET(fds[0], &r);
    FD_SET(fds[1], &w);
    struct timeval none = {0, 0};
    CHECK("select", select(fds[1] + 1, &r, &w, NULL, &none) == 1 && !FD_ISSET(fds[0], &r) && FD_ISSET(fds[1], &w));
    pthread_create(&t, NULL, write_soon, &fds[1]);
    FD_SET(fds[0], &r);
    CHECK("select: woken", select(fds[1] + 1, &r, NULL, NULL, NULL) == 1 && FD_ISSET(fds[0], &r));
    pthread_join(t, NULL);
    close(fds[1]);
    read(fds[0], &c, 1);
    CHECK("poll: POLLHUP", poll(p, 1, 0) == 1 && p[0].revents == POLLHUP);
    close(fds[0]);
}

static void many(int ep)
{
    enum { PIPES = 200 };
    static int pipes[PIPES][2];
    struct epoll_event events[PIPES];
    char c;
    for (int i = 0; i < PIPES; i++) {
        pipe(pipes[i]);
        struct epoll_event e = {EPOLLIN, {.u32 = (uint32_t)i}};
        epoll_ctl(ep, EPOLL_CTL_ADD, pipes[i][0], &e);
    }
    for (int i = 0; i < PIPES; i += 2)
        write(pipes[i][1], "x", 1);
    int n = epoll_wait(ep, events, PIPES, 0);
    bool even = n == PIPES / 2;
    for (int i = 0; i < n; i++)
        even &= events[i].data.u32 % 2 == 0 && read(pipes[events[i].data.u32][0], &c, 1) == 1;
    CHECK("epoll: 100 of 200 pipes", even && epoll_wait(ep, events, PIPES, 0) == 0);
    for (int i = 0; i < PIPES; i++)
        close(pipes[i][0]), close(pipes[i][1]);
    CHECK("epoll: closed files leave the set", epoll_wait(ep, events, PIPES, 0) == 0);
}

void test_epoll(void)
{
    int fds[2], ep = epoll_create1(0);
    struct epoll_event e = {EPOLLIN, {.u64 = 42}}, got[4];
    char buffer[8];
    pthread_t t;
    pipe(fds);
    CHECK("epoll: add", epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &e) == 0 && epoll_wait(ep, got, 4, 0) == 0);
    FAILS("epoll: add again", EEXIST, epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &e));
    write(fds[1], "ab", 2);
    CHECK("epoll: level", epoll_wait(ep, got, 4, 0) == 1 && got[0].data.u64 == 42 && got[0].events == EPOLLIN &&
                              epoll_wait(ep, got, 4, 0) == 1);
    read(fds[0], buffer, 8);
    CHECK("epoll: not ready any more", epoll_wait(ep, got, 4, 0) == 0);
    pthread_create(&t, NULL, write_soon, &fds[1]);
    CHECK("epoll: woken by another thread", epoll_wait(ep, got, 4, 5000) == 1);
    pthread_join(t, NULL);
    e.events = EPOLLIN | EPOLLET;
    epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &e);
    CHECK("epoll: edge, once", epoll_wait(ep, got, 4, 0) == 1 && epoll_wait(ep, got, 4, 0) == 0);
    write(fds[1], "c", 1);
    CHECK("epoll: edge, again after more data", epoll_wait(ep, got, 4, 0) == 1 && epoll_wait(ep, got, 4, 0) == 0);
    e.events = EPOLLIN | EPOLLONESHOT;
    epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &e);
    CHECK("epoll: one shot", epoll_wait(ep, got, 4, 0) == 1 && (write(fds[1], "d", 1), epoll_wait(ep, got, 4, 0)) == 0);
    epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &e);
    CHECK("epoll: armed again", epoll_wait(ep, got, 4, 0) == 1);
    CHECK("epoll: delete", epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL) == 0);
    FAILS("epoll: delete again", ENOENT, epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL));
    int file = open("/tmp/f", O_CREAT | O_RDWR, 0600);
    FAILS("epoll: no plain files", EPERM, epoll_ctl(ep, EPOLL_CTL_ADD, file, &e));
    close(file), unlink("/tmp/f");
    int outer = epoll_create1(0);
    e = (struct epoll_event){EPOLLIN, {.u64 = 1}};
    epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &e);
    CHECK("epoll: nested", epoll_ctl(outer, EPOLL_CTL_ADD, ep, &e) == 0 && epoll_wait(outer, got, 4, 0) == 1);
    FAILS("epoll: no circles", ELOOP, epoll_ctl(ep, EPOLL_CTL_ADD, outer, &e));
    close(outer), close(fds[0]), close(fds[1]);
    many(ep);
    close(ep);
}
