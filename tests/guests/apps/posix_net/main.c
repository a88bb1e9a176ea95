/* Sockets as POSIX programs use them, over the network compartment's loopback; verdict as posix_test's.
 *
 * `resolve NAME` prints the addresses of a name instead, `storm N` makes N short reads.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "net_check.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

int failures;

struct sockaddr_in at4(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int listen_at(uint16_t port, int option)
{
    struct sockaddr_in at = at4(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (fd < 0 || (option && setsockopt(fd, SOL_SOCKET, option, &on, sizeof(on))) ||
        bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 16)) {
        close(fd);
        return -1;
    }
    return fd;
}

int connect_to(uint16_t port)
{
    struct sockaddr_in at = at4(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
        return fd;
    close(fd);
    return -1;
}

void stream_pair(uint16_t port, int fds[2])
{
    int listener = listen_at(port, SO_REUSEADDR);
    fds[0] = connect_to(port);
    fds[1] = accept(listener, NULL, NULL);
    close(listener);
}

static int resolve(const char *name)
{
    char text[64];
    struct addrinfo *list = NULL, hints = {.ai_socktype = SOCK_STREAM};
    int r = getaddrinfo(name, "7", &hints, &list);
    if (r)
        return printf("%s\n", gai_strerror(r)), 1;
    for (struct addrinfo *i = list; i; i = i->ai_next) {
        getnameinfo(i->ai_addr, i->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST);
        printf("%s\n", text);
    }
    freeaddrinfo(list);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "resolve") == 0)
        return resolve(argv[2]);
    if (argc == 3 && strcmp(argv[1], "storm") == 0)
        return storm(atol(argv[2]));
    test_streams();
    test_vectors();
    test_pipe_signal();
    test_nonblocking();
    test_options();
    test_shared_port();
    test_ipv6();
    test_datagrams();
    test_waiting();
    test_epoll_edges();
    test_many();
    test_names();
    test_b2_short_reads();
    test_b2_whole_transfers();
    test_b2_end_after_data();
    test_b1_two_full_ends();
    test_b6_foreign_addresses();
    test_b13_urgent_data();
    test_b13_errors();
    printf("%d failures\n", failures);
    return failures != 0;
}
