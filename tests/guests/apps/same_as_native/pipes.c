/* Pipes and event counters.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "same_as_native.h"

static int pending(int fd)
{
    int n = -1;
    return ioctl(fd, FIONREAD, &n) == 0 ? n : -1;
}

static void show_transfer(void)
{
    int ends[2];
    char buf[64] = "";
    SHOW(pipe(ends));
    SHOW(write(ends[1], "hello", 5));
    SHOW(pending(ends[0]));
    SHOW(write(ends[1], "!", 1));
    SHOW(read(ends[0], buf, 3));
    SHOW(read(ends[0], buf + 3, 60));
    SHOW_TEXT(buf);
    SHOW(pending(ends[0]));
    SHOW(read(ends[0], buf, 0));
    SHOW(write(ends[1], buf, 0));
    SHOW(read(ends[1], buf, 1));
    SHOW(write(ends[0], buf, 1));
    SHOW(lseek(ends[0], 0, SEEK_CUR));
    SHOW(pread(ends[0], buf, 1, 0));
    SHOW(pwrite(ends[1], buf, 1, 0));
    SHOW(ftruncate(ends[1], 0));
    SHOW(fsync(ends[1]));
    struct stat st;
    SHOW(fstat(ends[0], &st));
    SHOW(S_ISFIFO(st.st_mode));
    SHOW(isatty(ends[0]));
    SHOW(fcntl(ends[0], F_GETFL) & O_ACCMODE);
    SHOW(fcntl(ends[1], F_GETFL) & O_ACCMODE);
    SHOW(write(ends[1], "rest", 4));
    SHOW(close(ends[1]));
    SHOW(read(ends[0], buf, 60));
    show("read at the end", "%d", (int)read(ends[0], buf, 60));
    SHOW(close(ends[0]));
}

static void show_full(void)
{
    static char block[65536];
    int ends[2];
    SHOW(pipe2(ends, O_NONBLOCK | O_CLOEXEC));
    SHOW((fcntl(ends[0], F_GETFL) & O_NONBLOCK) != 0);
    SHOW(fcntl(ends[1], F_GETFD));
    SHOW(read(ends[0], block, 1));
    SHOW(write(ends[1], block, 65536));
    SHOW(write(ends[1], block, 1));
    SHOW(pending(ends[0]));
    SHOW(read(ends[0], block, 4096));
    SHOW(write(ends[1], block, 4096));
    SHOW_AS("write to a full one", write(ends[1], block, 1));
    SHOW(read(ends[0], block, 65536));
    show("write of too much", "%d", (int)write(ends[1], block, 65536));
    SHOW(pipe2(ends, 0x5));
    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    SHOW_AS("write without a reader", write(ends[1], block, 1));
    close(ends[1]);
}

static void show_counters(void)
{
    uint64_t n = 0;
    int fd = eventfd(3, EFD_NONBLOCK);
    SHOW(fd >= 0);
    SHOW(read(fd, &n, 8));
    show("value", "%llu", (unsigned long long)n);
    SHOW(read(fd, &n, 8));
    n = 5;
    SHOW(write(fd, &n, 8));
    show("another", "%d", (int)write(fd, &n, 8));
    SHOW(read(fd, &n, 4));
    SHOW(write(fd, &n, 4));
    show("read", "%d", (int)read(fd, &n, 8));
    show("sum", "%llu", (unsigned long long)n);
    n = UINT64_MAX;
    SHOW(write(fd, &n, 8));
    n = UINT64_MAX - 1;
    show("the largest", "%d", (int)write(fd, &n, 8));
    n = 1;
    SHOW_AS("one more", write(fd, &n, 8));
    close(fd);
    fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    for (int i = 0; i < 3; i++) {
        set_case("semaphore %d", i);
        SHOW(read(fd, &n, 8));
    }
    set_case("%s", "");
    SHOW(eventfd(0, 0x5555));
    SHOW(lseek(fd, 0, SEEK_SET));
    close(fd);
}

void show_pipes(void)
{
    show_transfer();
    show_full();
    show_counters();
}
