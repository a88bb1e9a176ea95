/* Calls the POSIX layer above a file system and a network that lie. Every lie has to be an error, and no data.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "liar.h"

static int failed;

static void check(bool right, const char *what)
{
    printf("%s %s\n", right ? "ok" : "WRONG", what);
    failed += !right;
}

/* Evaluates `expression` under a lie. */
#define UNDER(lie, expression)                     \
    ({                                             \
        liar_tell(lie);                            \
        __typeof__(expression) got = (expression); \
        int error = errno;                         \
        liar_tell(LIE_NONE);                       \
        errno = error;                             \
        got;                                       \
    })

static int guarded(const char *memory, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (memory[i] != 'g')
            return 0;
    return 1;
}

static void test_files(void)
{
    char memory[64], *mapped;
    struct stat st;

    memset(memory, 'g', sizeof(memory));
    check(UNDER(LIE_OPEN, open("/private.key", O_RDWR)) == -1, "open() does not return what vfs names");
    check(UNDER(LIE_NO_FILE, open("/private.key", O_RDWR)) == -1, "open() needs a file");
    int fd = open("/file", O_RDWR);
    check(fd == 3 && read(fd, memory, 16) == 16 && guarded(memory, 16, 64), "read() of an honest file system");
    static char large[40000]; /* of which 20000 are more than the POSIX layer keeps */
    memset(large, 'g', sizeof(large));
    check(UNDER(LIE_READ, read(fd, large, 20000)) == -1 && guarded(large, 20000, sizeof(large)),
          "read() of more than fits");
    check(UNDER(LIE_WRITE, pwrite(fd, memory, 16, 0)) == -1, "write() of more than was given");
    check(UNDER(LIE_READ, (mapped = mmap(NULL, 100000, PROT_READ, MAP_PRIVATE, fd, 0))) == MAP_FAILED, "mmap()");
    int to = open("/other", O_RDWR);
    check(UNDER(LIE_READ, sendfile(to, fd, NULL, 100)) == -1, "sendfile() from a file that lies");
    check(UNDER(LIE_ATTRIBUTES, fstat(fd, &st)) == -1, "fstat() of a file of a negative size");
    check(UNDER(LIE_LINK, readlink("/link", memory, 16)) == -1 && guarded(memory, 16, 64), "readlink()");
    int appended = open("/file", O_WRONLY | O_APPEND);
    check(write(appended, memory, 16) == -1, "write() at an end beyond all files");
    liar_tell(LIE_LIST);
    DIR *d = opendir("/");
    check(d && !readdir(d) && errno, "readdir()");
    liar_tell(LIE_NONE);
}

static void test_network(void)
{
    char memory[64];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(1)};
    int waiting, size;

    memset(memory, 'g', sizeof(memory));
    const struct hostent *host = UNDER(LIE_RESOLVE, gethostbyname("example.org"));
    check(!host, "gethostbyname() of 100,000 addresses");
    host = gethostbyname("example.org");
    check(host && host->h_addr_list[NET_RESOLVE_MAX - 1] && !host->h_addr_list[NET_RESOLVE_MAX], "gethostbyname()");
    int s = socket(AF_INET, SOCK_STREAM, 0);
    check(s >= 0, "socket()");
    check(UNDER(LIE_RECEIVE, recv(s, memory, 16, MSG_DONTWAIT)) == -1 && guarded(memory, 0, 64), "recv()");
    check(UNDER(LIE_RECEIVE_MORE, recv(s, memory, 16, MSG_DONTWAIT)) == -1 && guarded(memory, 16, 64),
          "recv() of more than fits");
    check(UNDER(LIE_RECEIVE, recv(s, memory, 16, MSG_DONTWAIT | MSG_TRUNC)) == -1, "recv() of more than a datagram");
    check(UNDER(LIE_SEND, send(s, memory, 16, MSG_NOSIGNAL | MSG_DONTWAIT)) == -1, "send()");
    check(UNDER(LIE_INDEX, socket(AF_INET, SOCK_STREAM, 0)) == -1, "socket() outside of the table");
    check(UNDER(LIE_SAME_INDEX, socket(AF_INET, SOCK_STREAM, 0)) == -1, "socket() in the place of another");
    check(accept(s, NULL, NULL) == -1, "accept() in the place of another");
    check(UNDER(LIE_ERROR, connect(s, (struct sockaddr *)&address, sizeof(address))) == -1, "connect()");
    socklen_t length = sizeof(size);
    check(UNDER(LIE_OPTION, getsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, &length)) == -1, "getsockopt()");
    check(UNDER(LIE_OPTION, ioctl(s, FIONREAD, &waiting)) == -1 || waiting >= 0, "FIONREAD");
}

int main(void)
{
    test_files();
    test_network();
    printf("%d failures\n", failed);
    fflush(stdout);
    return failed ? 1 : 0;
}
