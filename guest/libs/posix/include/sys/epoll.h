/* epoll, with Linux's values.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_SYS_EPOLL_H
#define BH_SYS_EPOLL_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#define EPOLL_CLOEXEC 02000000

enum EPOLL_EVENTS {
    EPOLLIN = 0x001,
#define EPOLLIN EPOLLIN
    EPOLLPRI = 0x002,
#define EPOLLPRI EPOLLPRI
    EPOLLOUT = 0x004,
#define EPOLLOUT EPOLLOUT
    EPOLLERR = 0x008,
#define EPOLLERR EPOLLERR
    EPOLLHUP = 0x010,
#define EPOLLHUP EPOLLHUP
    EPOLLRDNORM = 0x040,
#define EPOLLRDNORM EPOLLRDNORM
    EPOLLWRNORM = 0x100,
#define EPOLLWRNORM EPOLLWRNORM
    EPOLLRDHUP = 0x2000,
#define EPOLLRDHUP EPOLLRDHUP
    EPOLLEXCLUSIVE = 1 << 28, /* accepted, without effect */
#define EPOLLEXCLUSIVE EPOLLEXCLUSIVE
    EPOLLONESHOT = 1 << 30,
#define EPOLLONESHOT EPOLLONESHOT
    EPOLLET = 1u << 31,
#define EPOLLET EPOLLET
};

#define EPOLL_CTL_ADD 1
#define EPOLL_CTL_DEL 2
#define EPOLL_CTL_MOD 3

typedef union epoll_data {
    void *ptr;
    int fd;
    uint32_t u32;
    uint64_t u64;
} epoll_data_t;

struct epoll_event {
    uint32_t events;
    epoll_data_t data;
} __attribute__((packed));

int epoll_create(int size);
int epoll_create1(int flags);
int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int epoll_wait(int epfd, struct epoll_event *events, int max, int timeout);
int epoll_pwait(int epfd, struct epoll_event *events, int max, int timeout, const sigset_t *mask);

#endif
