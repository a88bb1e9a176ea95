/* The POSIX layer's descriptors, pipes, poll() and epoll, with threads that are only imagined: a wait calls
 * `meanwhile`.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "check.h"
#include "guest/libs/posix/px.h"

static void (*meanwhile)(void); /* what "other threads" do during a wait; NULL: time passes */
static uint64_t clock_now = 1000;
static int signals;

uint64_t px_now(void)
{
    return clock_now;
}
uint64_t px_deadline(uint64_t timeout)
{
    return clock_now + timeout;
}
void px_wake(const void *key, uint32_t n)
{
    (void)key, (void)n;
}
void px_yield(void)
{
}
void px_net_poll(void)
{
}
void px_signal(int number)
{
    signals += number;
}
struct px_file *px_console(int stream)
{
    (void)stream;
    return NULL;
}

int px_block(const void *key, uint64_t deadline)
{
    (void)key;
    if (meanwhile) {
        void (*run)(void) = meanwhile;
        meanwhile = NULL;
        run();
        return 0;
    }
    if (deadline == PX_FOREVER) {
        printf("a wait that nothing ends\n");
        exit(1);
    }
    clock_now = deadline;
    return -ETIMEDOUT;
}

static ssize_t put(struct px_file *f, const void *data, size_t size)
{
    struct iovec iov = {(void *)data, size};
    return px_write(f, &iov, 1);
}

static ssize_t take(struct px_file *f, void *data, size_t size)
{
    struct iovec iov = {data, size};
    return px_read(f, &iov, 1);
}

static struct px_file *ends[2];

static void test_descriptors(void)
{
    CHECK(px_pipe(ends, 0) == 0);
    int r = px_open_fd(ends[0], 0, false), w = px_open_fd(ends[1], 0, true);
    CHECK(r == 0 && w == 1 && px_cloexec(w, -1) == 1 && px_open_files() == 2);
    int copy = px_dup(r, 10, false);
    CHECK(copy == 10 && ends[0]->refs == 2 && px_close_fd(r) == 0 && px_peek(10) == ends[0]);
    CHECK(px_dup2(10, 1, false) == 1 && px_peek(1) == ends[0] && px_open_files() == 2);
    CHECK(px_close_fd(5) == -EBADF && px_dup(5, 0, false) == -EBADF && px_dup(10, PX_FILES_MAX, false) == -EINVAL);
    CHECK(px_dup(10, 0, false) == 0 && px_dup(10, 0, false) == 2);
    int last = 3;
    while ((r = px_dup(10, 0, false)) >= 0)
        last = r;
    CHECK(r == -EMFILE && last == PX_FILES_MAX - 1 && px_open_files() == PX_FILES_MAX);
    for (int fd = 0; fd < PX_FILES_MAX; fd++)
        CHECK(px_close_fd(fd) == 0);
    CHECK(px_open_files() == 0);
}

static char big[200000];

static void drain(void)
{
    static char part[70000];
    CHECK(take(ends[0], part, sizeof(part)) == 65536);
    meanwhile = drain;
}

static void test_pipe(void)
{
    char got[8];
    CHECK(px_pipe(ends, O_NONBLOCK) == 0);
    CHECK(take(ends[0], got, 8) == -EAGAIN && put(ends[1], "abc", 3) == 3 && take(ends[0], got, 8) == 3);
    CHECK(take(ends[1], got, 1) == -EBADF && put(ends[0], got, 1) == -EBADF);
    CHECK(put(ends[1], big, sizeof(big)) == 65536 && put(ends[1], "x", 1) == -EAGAIN);
    CHECK(px_poll(ends[1]) == 0 && px_poll(ends[0]) == (POLLIN | POLLRDNORM));
    ends[1]->flags &= ~O_NONBLOCK;
    meanwhile = drain;
    CHECK(put(ends[1], big, sizeof(big)) == sizeof(big));
    meanwhile = NULL;
    px_put(ends[0]);
    CHECK(put(ends[1], "x", 1) == -EPIPE && signals > 0 && px_poll(ends[1]) & POLLERR);
    px_put(ends[1]);
}

/* Random transfers through a pair, compared with what was sent. */
static void test_pair_streams(void)
{
    static unsigned char sent[1 << 20], got[1 << 20];
    size_t in = 0, out = 0;
    CHECK(px_socketpair(ends, O_NONBLOCK) == 0);
    srand(2);
    for (size_t i = 0; i < sizeof(sent); i++)
        sent[i] = (unsigned char)rand();
    while (out < sizeof(sent)) {
        size_t n = (size_t)rand() % 30000, cut = n ? (size_t)rand() % n : 0;
        if (rand() % 2) {
            if (n > sizeof(sent) - in)
                n = sizeof(sent) - in, cut = n / 2;
            struct iovec iov[2] = {{sent + in, cut}, {sent + in + cut, n - cut}};
            ssize_t r = px_write(ends[0], iov, 2);
            in += r > 0 ? (size_t)r : 0;
        } else {
            if (n > sizeof(got) - out)
                n = sizeof(got) - out, cut = n / 2;
            struct iovec iov[2] = {{got + out, cut}, {got + out + cut, n - cut}};
            ssize_t r = px_read(ends[1], iov, 2);
            out += r > 0 ? (size_t)r : 0;
        }
    }
    CHECK(memcmp(sent, got, sizeof(sent)) == 0);
    CHECK(px_shutdown_pair(ends[0], 1) == 0 && take(ends[1], got, 1) == 0 && put(ends[0], "x", 1) == -EPIPE);
    CHECK(put(ends[1], "y", 1) == 1 && take(ends[0], got, 1) == 1);
    px_put(ends[1]);
    CHECK(take(ends[0], got, 1) == 0 && px_poll(ends[0]) & POLLHUP);
    px_put(ends[0]);
}

static void write_one(void)
{
    put(ends[1], "x", 1);
}

static void test_poll(void)
{
    CHECK(px_pipe(ends, 0) == 0);
    int r = px_open_fd(ends[0], 0, false);
    struct pollfd p = {r, POLLIN, 0};
    uint64_t before = clock_now;
    CHECK(px_poll_fds(&p, 1, px_deadline(500)) == 0 && clock_now == before + 500 && !ends[0]->watches);
    meanwhile = write_one;
    CHECK(px_poll_fds(&p, 1, PX_FOREVER) == 1 && p.revents == POLLIN && !ends[0]->watches);
    px_put(ends[1]);
    CHECK(px_close_fd(r) == 0);
}

static struct px_file *ep;

static int wait_one(struct epoll_event *e)
{
    return px_epoll_wait(ep, e, 1, 0);
}

static void test_epoll(void)
{
    struct epoll_event e = {EPOLLIN, {.u32 = 7}}, got[2];
    CHECK(px_epoll_create(&ep) == 0 && px_pipe(ends, O_NONBLOCK) == 0);
    int r = px_open_fd(ends[0], 0, false);
    CHECK(px_epoll_ctl(ep, EPOLL_CTL_ADD, r, ends[0], &e) == 0 && wait_one(got) == 0);
    meanwhile = write_one;
    CHECK(px_epoll_wait(ep, got, 2, PX_FOREVER) == 1 && got[0].data.u32 == 7 && wait_one(got) == 1);
    /* The number is used again for another file: the old item must not answer for the new one. */
    int kept = px_dup(r, 0, false);
    CHECK(px_close_fd(r) == 0);
    struct px_file *other[2];
    CHECK(px_pipe(other, 0) == 0 && px_open_fd(other[0], 0, false) == r);
    CHECK(px_epoll_ctl(ep, EPOLL_CTL_MOD, r, other[0], &e) == -ENOENT);
    CHECK(px_epoll_ctl(ep, EPOLL_CTL_ADD, r, other[0], &e) == 0 && wait_one(got) == 0);
    px_put(other[1]);
    CHECK(wait_one(got) == 1 && got[0].events == EPOLLHUP);
    /* Closing the last descriptor takes the item out of the set. */
    CHECK(px_close_fd(r) == 0 && wait_one(got) == 0);
    CHECK(px_epoll_ctl(ep, EPOLL_CTL_ADD, kept, ends[0], &e) == 0 && wait_one(got) == 1);
    px_put(ep); /* with an item in it */
    CHECK(!ends[0]->watches && px_close_fd(kept) == 0);
    px_put(ends[1]);
}

/* Random sets and readiness, against a plain look at each pipe. */
static void test_epoll_random(void)
{
    enum { PIPES = 50 };
    struct px_file *pipes[PIPES][2];
    bool in_set[PIPES] = {false};
    int level[PIPES] = {0};
    CHECK(px_epoll_create(&ep) == 0);
    srand(3);
    for (int i = 0; i < PIPES; i++)
        CHECK(px_pipe(pipes[i], O_NONBLOCK) == 0);
    for (int round = 0; round < 20000; round++) {
        int i = rand() % PIPES;
        char c = 0;
        struct epoll_event e = {EPOLLIN, {.u32 = (uint32_t)i}}, got[PIPES];
        switch (rand() % 4) {
        case 0:
            CHECK(put(pipes[i][1], &c, 1) == 1);
            level[i]++;
            break;
        case 1:
            CHECK(take(pipes[i][0], &c, 1) == (level[i] ? 1 : -EAGAIN));
            level[i] -= level[i] > 0;
            break;
        case 2:
            CHECK(px_epoll_ctl(ep, in_set[i] ? EPOLL_CTL_DEL : EPOLL_CTL_ADD, i, pipes[i][0], &e) == 0);
            in_set[i] = !in_set[i];
            break;
        default: {
            bool seen[PIPES] = {false};
            int n = px_epoll_wait(ep, got, PIPES, 0), expected = 0;
            for (int k = 0; k < n; k++)
                seen[got[k].data.u32] = true;
            for (int k = 0; k < PIPES; k++) {
                CHECK(seen[k] == (in_set[k] && level[k] > 0));
                expected += seen[k];
            }
            CHECK(n == expected);
        }
        }
    }
    for (int i = 0; i < PIPES; i++)
        px_put(pipes[i][0]), px_put(pipes[i][1]);
    px_put(ep);
}

int main(void)
{
    RUN(test_descriptors);
    RUN(test_pipe);
    RUN(test_pair_streams);
    RUN(test_poll);
    RUN(test_epoll);
    RUN(test_epoll_random);
    return CHECK_RESULT();
}
