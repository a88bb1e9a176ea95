/* What the tests of this guest share: a verdict that names each line that failed, and shorthands.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <bh/bulkhead.h>
#include <net/net.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

extern int failures;

#define CHECK(condition)                                                            \
    do {                                                                            \
        if (!(condition)) {                                                         \
            printf("sockets: %s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
            failures++;                                                             \
        }                                                                           \
    } while (0)

#define SECOND 1000000000ull

struct end {
    net_socket_t socket;
    uint32_t index;
};

struct net_address loopback(int family, uint16_t port);
struct end open_socket(int family, int type);
uint32_t word_of(struct end e);
/* A connected pair through a listener at `port`. */
void make_pair(int family, uint16_t port, struct end *client, struct end *server);
/* Waits for data, then net_recv(). */
ssize_t receive(struct end e, void *buffer, size_t size, int flags);

void test_stream(void);
void test_half_close(void);
void test_reset(void);
void test_refused(void);
void test_large(void);
void test_backlog(void);
void test_datagrams(void);
void test_options(void);
void test_names(void);
void test_errors(void);
void test_events(void);
void test_many(void);

#endif
