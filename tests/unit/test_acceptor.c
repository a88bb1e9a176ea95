/* A listening socket without descriptors left for its connections.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"
#include "vmm/base/acceptor.h"
#include "vmm/base/clock.h"

static struct loop loop;
static struct acceptor acceptor;
static unsigned calls, taken;

static void on_connection(void *argument, short revents)
{
    (void)argument, (void)revents;
    calls++;
    int fd = acceptor_take(&acceptor, SOCK_CLOEXEC);
    if (fd >= 0) {
        taken++;
        close(fd);
    } else {
        CHECK(acceptor_may_retry(errno));
    }
}

static void turn_for(uint64_t ns)
{
    for (uint64_t end = clock_ns() + ns; clock_ns() < end;)
        loop_turn(&loop, CLOCK_SECOND / 100);
}

static void test_a17_no_descriptor_left(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX}; /* the kernel chooses an abstract one */
    socklen_t size = sizeof(name);
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
    int client = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    CHECK(bind(listener, (struct sockaddr *)&name, sizeof(sa_family_t)) == 0 && listen(listener, 4) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&name, &size) == 0);
    CHECK(loop_init(&loop, 4));
    acceptor_open(&acceptor, &loop, listener, on_connection, NULL);
    CHECK(connect(client, (struct sockaddr *)&name, size) == 0);

    struct rlimit usual, few;
    CHECK(getrlimit(RLIMIT_NOFILE, &usual) == 0);
    int next = dup(client); /* the lowest descriptor that is free */
    close(next);
    few = (struct rlimit){(rlim_t)next, usual.rlim_max};
    CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
    turn_for(CLOCK_SECOND / 2);
    CHECK(taken == 0 && calls >= 1 && calls < 20); /* thousands, if it did not rest */
    CHECK(setrlimit(RLIMIT_NOFILE, &usual) == 0);
    for (int i = 0; i < 200 && !taken; i++)
        turn_for(CLOCK_SECOND / 20);
    CHECK(taken == 1);
    acceptor_close(&acceptor);
    acceptor_close(&acceptor); /* harmless */
    loop_free(&loop);
    close(client);
    close(listener);
}

int main(void)
{
    RUN(test_a17_no_descriptor_left);
    return CHECK_RESULT();
}
