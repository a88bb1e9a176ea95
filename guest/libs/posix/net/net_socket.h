/* Sockets of the network inside the POSIX layer.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef POSIX_NET_SOCKET_H
#define POSIX_NET_SOCKET_H

#include <net/net.h>
#include <sys/socket.h>

#include "../px.h"

struct px_socket {
    struct px_file file;
    net_socket_t handle;
    uint32_t index; /* in the network's table of readiness words */
    int family, type;
    bool connecting; /* connect() has started and its outcome was not reported yet */
    bool corked;     /* TCP_CORK, which is only remembered */
    bool error_told; /* of a network that died: a socket that is not connected tells it once */

    /* With a lane (lane.c). */
    bool in_lane;
    bool send_shut; /* by shutdown(): only a call tells EPIPE */
    uint32_t name;  /* of the socket, in records */
    uint32_t taken; /* bytes read from the inbox, ever */
    uint8_t *inbox; /* received data that was not read yet: inbox_size bytes from inbox_start on */
    uint32_t inbox_start, inbox_size, inbox_room;
};

/* ---- Readiness (events.c) ---- */
int px_net_start(void); /* before the first socket; 0, -ENOTSUP, -ENOMEM */
void px_net_add(struct px_socket *s);
void px_net_remove(struct px_socket *s);
struct px_socket *px_net_socket(uint32_t index);
unsigned px_net_word(const struct px_socket *s); /* NET_* bits; NET_ERROR | NET_HANGUP when the network died */
/* What a call gives that found the network dead, for a socket without a connection: -ENETDOWN the first time, then
 * -EAGAIN, since nothing will ever come. -ECONNABORTED: nobody has been told of its death yet. */
int px_net_lost(struct px_socket *s);

/* ---- Memory that the network compartment sees too (bounce_buffers.c) ---- */
enum { PX_BOUNCE_SIZE = 65536 };
void *px_bounce_take(void); /* PX_BOUNCE_SIZE bytes; NULL: none is free, so pass the data itself */
void px_bounce_give(void *buffer);
bool px_bounce_has(const void *buffer); /* is `buffer` one of them? */

/* ---- Transfers without a call (lane.c) ---- */
void px_lane_open(void);
void px_lane_shut(void);                                /* from now on there is no lane */
bool px_lane_arm(bool on);                              /* whether events have to end px_lane_wait(); false: no lane */
bool px_lane_wait(void);                                /* blocks; false: the network died */
void px_lane_attach(struct px_socket *s);               /* a new socket, if it can */
void px_lane_grant(struct px_socket *s, uint32_t name); /* sets its index and name, which net_accept() stored */
void px_lane_poll(void);                                /* moves received data to the sockets' inboxes */
bool px_lane_stalled(void); /* there was no memory for data that is in the lane: px_lane_poll() has to try again */
/* Reads from inbox and lane to the bytes of `iov` from `done` on. -EAGAIN: both are empty, and a call may find more. */
ssize_t px_lane_receive(struct px_socket *s, const struct iovec *iov, int n, size_t done, int flags);
void px_lane_drop(struct px_socket *s, uint32_t n); /* counts them as read */
/* False: the data has to be sent by a call. */
bool px_lane_send(struct px_socket *s, const struct iovec *iov, int n, size_t size, int flags);

/* ---- Transfer (socket.c): never block ---- */
bool px_is_socket(const struct px_file *f);
int px_socket_open(struct px_socket **s, int family, int type, int protocol);
int px_socket_accept(struct px_socket *s, struct px_socket **connection, struct net_address *peer);
/* `address` may be NULL. */
ssize_t px_socket_receive(struct px_socket *s, const struct iovec *iov, int n, int flags, struct net_address *address);
ssize_t px_socket_send(struct px_socket *s, const struct iovec *iov, int n, int flags,
                       const struct net_address *address);

/* ---- Addresses (address.c) ---- */
int px_address_in(struct net_address *to, const struct sockaddr *from, socklen_t size); /* -EINVAL, -EAFNOSUPPORT */
void px_address_out(const struct net_address *from, struct sockaddr *to, socklen_t *size);

#endif
