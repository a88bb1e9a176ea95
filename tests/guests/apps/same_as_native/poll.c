/* poll() and select(): what they find on files, pipes and socket pairs.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "same_as_native.h"
#include "sockets.h"

/* What is found at once. */
static void show_ready(const char *name, int fd, int events)
{
    struct pollfd item = {.fd = fd, .events = (short)events, .revents = 0x55};
    errno = 0;
    int r = poll(&item, 1, 0);
    show(name, "%d %s", r, r < 0 ? error_name(errno) : name_of_events(item.revents));
}

static void show_pipe(void)
{
    int ends[2];
    char buf[8];
    pipe(ends);
    set_case("pipe");
    show_ready("reader, empty", ends[0], POLLIN);
    show_ready("reader, for writing", ends[0], POLLOUT);
    show_ready("writer", ends[1], POLLOUT);
    show_ready("writer, for reading", ends[1], POLLIN);
    write(ends[1], "x", 1);
    show_ready("reader, a byte", ends[0], POLLIN);
    show_ready("reader, no event asked for", ends[0], 0);
    close(ends[1]);
    show_ready("reader, a byte and a hangup", ends[0], POLLIN);
    read(ends[0], buf, 1);
    show_ready("reader, a hangup", ends[0], POLLIN);
    show_ready("reader, a hangup not asked for", ends[0], 0);
    close(ends[0]);
    show_ready("closed", ends[0], POLLIN);
    pipe(ends);
    close(ends[0]);
    show_ready("writer, no reader", ends[1], POLLOUT);
    show_ready("writer, no reader, not asked for", ends[1], 0);
    close(ends[1]);
    set_case("%s", "");
}

static void show_others(void)
{
    int fd = open("f", O_RDWR | O_CREAT, 0644), event = eventfd(0, 0);
    show_ready("file", fd, POLLIN | POLLOUT | POLLPRI);
    show_ready("file, no event asked for", fd, 0);
    show_ready("counter 0", event, POLLIN | POLLOUT);
    eventfd_write(event, 2);
    show_ready("counter 2", event, POLLIN | POLLOUT);
    eventfd_write(event, 0xfffffffffffffffc);
    show_ready("counter full", event, POLLIN | POLLOUT);
    show_ready("negative descriptor", -1, POLLIN);
    show_ready("negative descriptor, -7", -7, POLLIN);
    show_ready("unknown descriptor", 99, POLLIN);
    close(event);
    close(fd);
    unlink("f");
}

static void show_socketpair_ends(void)
{
    int ends[2];
    char buf[8];
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    set_case("socketpair");
    show_ready("idle", ends[0], POLLIN | POLLOUT);
    write(ends[1], "x", 1);
    show_ready("a byte", ends[0], POLLIN | POLLOUT);
    shutdown(ends[1], SHUT_WR);
    show_ready("a byte, half closed", ends[0], POLLIN | POLLOUT | POLLRDHUP);
    read(ends[0], buf, 1);
    show_ready("half closed", ends[0], POLLIN | POLLOUT | POLLRDHUP);
    show_ready("half closed, not asked for", ends[0], 0);
    show_ready("the other end", ends[1], POLLIN | POLLOUT | POLLRDHUP);
    close(ends[1]);
    show_ready("closed", ends[0], POLLIN | POLLOUT | POLLRDHUP);
    close(ends[0]);
    set_case("%s", "");
}

static void show_several(void)
{
    int a[2], b[2];
    pipe(a);
    pipe(b);
    write(b[1], "x", 1);
    struct pollfd items[] = {{.fd = a[0], .events = POLLIN}, {.fd = -1, .events = POLLIN},
                             {.fd = b[0], .events = POLLIN}, {.fd = 99, .events = POLLIN},
                             {.fd = b[0], .events = POLLIN}, {.fd = a[1], .events = POLLOUT}};
    SHOW(poll(items, 6, -1));
    for (int i = 0; i < 6; i++) {
        set_case("item %d", i);
        show("found", "%s", name_of_events(items[i].revents));
    }
    set_case("%s", "");
    SHOW(poll(NULL, 0, 0));
    SHOW(poll(NULL, 0, 1));
    SHOW(poll(items, 1, 1));
    struct timespec moment = {0, 1000}, wrong = {0, -1};
    SHOW(ppoll(items, 1, &moment, NULL));
    SHOW(ppoll(items, 1, &wrong, NULL));
    fd_set in, out;
    struct timeval now = {0, 0}, negative = {-1, 0};
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(a[0], &in);
    FD_SET(b[0], &in);
    FD_SET(a[1], &out);
    FD_SET(b[1], &out);
    SHOW(select(FD_SETSIZE, &in, &out, NULL, &now));
    show("select found", "%d %d %d %d", FD_ISSET(a[0], &in) != 0, FD_ISSET(b[0], &in) != 0, FD_ISSET(a[1], &out) != 0,
         FD_ISSET(b[1], &out) != 0);
    FD_ZERO(&in);
    FD_SET(a[0], &in);
    show("nothing to read", "%d", select(FD_SETSIZE, &in, NULL, NULL, &now));
    show("set after nothing", "%d", FD_ISSET(a[0], &in) != 0);
    SHOW(select(0, NULL, NULL, NULL, &now));
    SHOW(select(-1, NULL, NULL, NULL, &now));
    SHOW(select(0, NULL, NULL, NULL, &negative));
    int closed = a[0];
    close(a[0]);
    FD_SET(closed, &in);
    SHOW(select(FD_SETSIZE, &in, NULL, NULL, &now));
    SHOW(pselect(0, NULL, NULL, NULL, &moment, NULL));
    close(a[1]);
    close(b[0]);
    close(b[1]);
}

void show_poll(void)
{
    signal(SIGPIPE, SIG_IGN);
    show_pipe();
    show_others();
    show_socketpair_ends();
    show_several();
}
