/* What the parts about sockets share.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

struct pair {
    int listener, client, server;
};

/* Of the loopback; its port in network byte order. */
struct sockaddr_in loopback(int port);
int port_of(int fd); /* of the socket's own address, in network byte order; -1 without one */
int listen_anywhere(void);
struct pair connect_pair(void); /* TCP over the loopback */
void close_pair(struct pair pair);
int wait_for(int fd, int events); /* up to 5 s; returns what poll() found */
/* What poll() finds of `events` as soon as one of `wanted` is there. */
const char *found_after(int fd, int wanted, int events);
const char *name_of_events(int events); /* of poll(); in one of two static buffers */

#endif
