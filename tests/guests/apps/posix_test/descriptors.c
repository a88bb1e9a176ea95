/* Descriptors, pipes, socket pairs.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static void table(void)
{
    int fd = open("/tmp/t", O_RDWR | O_CREAT, 0600), other = dup(fd);
    CHECK("dup shares the offset", write(fd, "abc", 3) == 3 && lseek(other, 0, SEEK_CUR) == 3);
    CHECK("dup2", dup2(fd, 50) == 50 && write(50, "d", 1) == 1 && close(50) == 0);
    CHECK("F_DUPFD", fcntl(fd, F_DUPFD, 20) == 20 && close(20) == 0);
    CHECK("FD_CLOEXEC",
          fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && fcntl(other, F_GETFD) == 0);
    CHECK("the lowest number is used again", close(fd) == 0 && open("/tmp/t", O_RDONLY) == fd);
    CHECK("F_GETFL", (fcntl(other, F_GETFL) & O_ACCMODE) == O_RDWR);
    close(fd), close(other), unlink("/tmp/t");
    FAILS("dup of nothing", EBADF, dup(999));
    struct rlimit limit;
    CHECK("RLIMIT_NOFILE", getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= 1200);
    int n = 0, last;
    while ((last = dup(1)) >= 0)
        n++;
    CHECK("EMFILE at the limit", errno == EMFILE && n == (int)limit.rlim_cur - 3);
    for (int i = 3; i < n + 3; i++)
        close(i);
}

static void *write_later(void *fd)
{
    usleep(2000);
    return (void *)write(*(int *)fd, "late", 4);
}

static void *drain(void *fd)
{
    static char buffer[30000];
    long total = 0;
    for (ssize_t n; (n = read(*(int *)fd, buffer, sizeof(buffer))) > 0;)
        total += n;
    return (void *)total;
}

static void pipes(void)
{
    int fds[2];
    char buffer[16];
    pthread_t t;
    void *value;
    CHECK("pipe", pipe(fds) == 0 && write(fds[1], "xyz", 3) == 3);
    int n;
    CHECK("FIONREAD", ioctl(fds[0], FIONREAD, &n) == 0 && n == 3);
    CHECK("read of a pipe", read(fds[0], buffer, 16) == 3 && !memcmp(buffer, "xyz", 3));
    pthread_create(&t, NULL, write_later, &fds[1]);
    CHECK("read blocks until a write", read(fds[0], buffer, 16) == 4 && !memcmp(buffer, "late", 4));
    CHECK("write told", pthread_join(t, &value) == 0 && value == (void *)4);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    FAILS("O_NONBLOCK", EAGAIN, read(fds[0], buffer, 1));
    fcntl(fds[0], F_SETFL, 0);
    char *big = calloc(1, 1000000);
    pthread_create(&t, NULL, drain, &fds[0]);
    CHECK("a write larger than the pipe", write(fds[1], big, 1000000) == 1000000);
    close(fds[1]);
    CHECK("end of file when the writer is gone", pthread_join(t, &value) == 0 && value == (void *)1000000);
    free(big);
    close(fds[0]);
    pipe(fds);
    close(fds[0]);
    signal(SIGPIPE, SIG_IGN);
    FAILS("EPIPE when the reader is gone", EPIPE, write(fds[1], "x", 1));
    close(fds[1]);
}

static void pairs(void)
{
    int fds[2];
    char buffer[16];
    CHECK("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    CHECK("there", write(fds[0], "ping", 4) == 4 && read(fds[1], buffer, 16) == 4);
    CHECK("and back",
          send(fds[1], "pong", 4, 0) == 4 && recv(fds[0], buffer, 16, 0) == 4 && !memcmp(buffer, "pong", 4));
    CHECK("shutdown", shutdown(fds[0], SHUT_WR) == 0 && read(fds[1], buffer, 16) == 0 && write(fds[1], "1", 1) == 1 &&
                          read(fds[0], buffer, 16) == 1);
    FAILS("writing after shutdown", EPIPE, write(fds[0], "x", 1));
    close(fds[0]), close(fds[1]);
    int fd = eventfd(2, EFD_NONBLOCK);
    eventfd_t value;
    CHECK("eventfd", eventfd_write(fd, 3) == 0 && eventfd_read(fd, &value) == 0 && value == 5);
    FAILS("eventfd at 0", EAGAIN, eventfd_read(fd, &value));
    close(fd);
    FAILS("no network here", EAFNOSUPPORT, socket(AF_INET, SOCK_STREAM, 0));
}

/* From a file of 200,000 bytes into pipes. */
static void send_file(void)
{
    int file = open("/tmp/t", O_RDWR | O_CREAT, 0600), fds[2];
    char *big = calloc(1, 200000), back[8];
    off_t at = 199998;
    pthread_t t;
    void *value;
    memcpy(big + 199996, "abcd", 4);
    CHECK("a file to send", write(file, big, 200000) == 200000 && lseek(file, 199996, SEEK_SET) == 199996);
    pipe(fds);
    CHECK("sendfile from the offset",
          sendfile(fds[1], file, NULL, 3) == 3 && read(fds[0], back, 8) == 3 && !memcmp(back, "abc", 3));
    CHECK("moves it", lseek(file, 0, SEEK_CUR) == 199999 && sendfile(fds[1], file, NULL, 5) == 1 &&
                          sendfile(fds[1], file, NULL, 5) == 0);
    CHECK("sendfile from a place", read(fds[0], back, 8) == 1 && sendfile(fds[1], file, &at, 9) == 2 && at == 200000);
    CHECK("leaves the offset",
          lseek(file, 0, SEEK_CUR) == 200000 && read(fds[0], back, 8) == 2 && !memcmp(back, "cd", 2));
    fcntl(fds[1], F_SETFL, O_NONBLOCK);
    at = 0;
    ssize_t some = sendfile(fds[1], file, &at, 200000);
    CHECK("sendfile stops where a pipe is full", some > 0 && some < 200000 && at == some);
    FAILS("and then waits for nothing", EAGAIN, sendfile(fds[1], file, &at, 1));
    fcntl(fds[1], F_SETFL, 0);
    pthread_create(&t, NULL, drain, &fds[0]);
    CHECK("sendfile blocks", sendfile(fds[1], file, &at, 200000) == 200000 - some && at == 200000);
    close(fds[1]);
    CHECK("all arrived", pthread_join(t, &value) == 0 && value == (void *)200000);
    FAILS("sendfile from a pipe", EINVAL, sendfile(1, fds[0], NULL, 1));
    FAILS("sendfile from nothing", EBADF, sendfile(1, 999, NULL, 1));
    FAILS("sendfile from before the start", EINVAL, (at = -1, sendfile(1, file, &at, 1)));
    close(fds[0]), close(file), unlink("/tmp/t"), free(big);
}

static void by_name(void)
{
    int fds[2], fd;
    char name[20], back[8];
    pipe(fds);
    snprintf(name, sizeof(name), "/dev/fd/%d", fds[1]);
    CHECK("/dev/fd", (fd = open(name, O_WRONLY | O_APPEND | O_CREAT, 0644)) > fds[1] && write(fd, "x", 1) == 1);
    CHECK("/dev/fd is that pipe", close(fd) == 0 && read(fds[0], back, 8) == 1);
    FAILS("/dev/fd of a reader, to write", EACCES,
          (snprintf(name, sizeof(name), "/dev/fd/%d", fds[0]), open(name, O_WRONLY)));
    FAILS("/dev/fd of none", ENOENT, open("/dev/fd/999", O_RDONLY));
    close(fds[0]), close(fds[1]);
    CHECK("/dev/stdout",
          (fd = open("/dev/stdout", O_WRONLY | O_APPEND)) > 2 && write(fd, "ok written by name\n", 19) == 19);
    CHECK("/dev/stderr and /dev/stdin",
          close(fd) == 0 && close(open("/dev/stderr", O_WRONLY)) == 0 && close(open("/dev/stdin", O_RDONLY)) == 0);
}

void test_descriptors(void)
{
    table();
    send_file();
    by_name();
    pipes();
    pairs();
}
