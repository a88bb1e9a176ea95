/* What the files of this guest share.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef NET_CHECK_H
#define NET_CHECK_H

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../posix_test/check.h"

struct sockaddr_in at4(uint16_t port);    /* on the loopback interface */
int listen_at(uint16_t port, int option); /* a listening stream, with SO_REUSEADDR, SO_REUSEPORT or 0; -1: errno */
int connect_to(uint16_t port);
void stream_pair(uint16_t port, int fds[2]);

void test_streams(void);
void test_vectors(void);
void test_pipe_signal(void);
void test_nonblocking(void);
void test_options(void);
void test_shared_port(void);
void test_ipv6(void);
void test_datagrams(void);
void test_waiting(void);
void test_epoll_edges(void);
void test_many(void);
void test_names(void);

void test_b2_short_reads(void);
void test_b2_whole_transfers(void);
void test_b2_end_after_data(void);
void test_b1_two_full_ends(void);
void test_b6_foreign_addresses(void);
void test_b13_urgent_data(void);
void test_b13_errors(void);
int storm(long wanted); /* that many short reads; prints the verdict; exit status */

#endif
