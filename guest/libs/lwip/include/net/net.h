/* The interface of the network compartment to other compartments: sockets, as lwip.edl exports them.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Applications use the POSIX layer, which is built on this. Constants (address families, socket types, options,
 * flags) are those of the POSIX layer's <sys/socket.h>, <netinet/in.h> and <netinet/tcp.h>.
 *
 * Blocking. No function blocks unless its comment says so. Where a BSD socket would block, a function fails with
 * EAGAIN (net_connect(): EINPROGRESS). Waiting is a call of its own: net_wait() for one socket, net_events_wait() for
 * all. The caller therefore implements blocking sockets and time-outs, and they cost no call.
 *
 * Results. Functions return 0, or what they say, or a NEGATIVE errno value of picolibc's <errno.h>; errno itself is not
 * touched. Besides the errors named at each function, any can return -EBADF (no such socket), -EFAULT (a missing
 * buffer), -ENETDOWN (this VM has no network device), -ENOMEM or -ENOBUFS. -EPIPE is also returned if the gate itself
 * failed; errno then has the reason: EPIPE (the network compartment is gone), ETIMEDOUT or EACCES.
 *
 * Ownership. Buffers and addresses belong to the caller and are not kept. A socket belongs to the compartment that
 * opened it, until net_close(). Sizes are bytes, time-outs are nanoseconds (BH_FOREVER: no limit). */
#ifndef NET_NET_H
#define NET_NET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A socket. Across a gate it is a number that only its owner can use. */
typedef struct net_socket *net_socket_t;

/* An IPv4 or IPv6 endpoint. */
struct net_address {
    uint16_t family;   /* AF_INET, AF_INET6; 0: none */
    uint16_t port;     /* host byte order */
    uint32_t scope;    /* IPv6 link-local: interface number; else 0 */
    uint8_t bytes[16]; /* network byte order; AF_INET: the first four */
};
_Static_assert(sizeof(struct net_address) == 24, "crosses gates as bytes");

#define NET_SOCKETS_MAX 2048u

/* ---- Readiness ----------------------------------------------------------------------------------------------
 * Each socket has one word in memory that all members of the network compartment's default share can read. The words
 * are hints: only the call that acts on one tells whether it was right. */
#define NET_READABLE    0x1u  /* data, end of file, a connection to accept, or an error */
#define NET_WRITABLE    0x2u  /* net_send() takes something; connected */
#define NET_ERROR       0x4u  /* SO_ERROR is set */
#define NET_HANGUP      0x8u  /* both directions are closed (POLLHUP) */
#define NET_RDHUP       0x10u /* the peer will send no more (POLLRDHUP) */
#define NET_EVENTS      0x1fu
#define NET_COUNT_SHIFT 16 /* bits 16-31: +1 whenever data arrived or room became free */

#define NET_RING 1024u
struct net_table {
    uint32_t sockets; /* entries of `words`: NET_SOCKETS_MAX */
    uint32_t ring_size;
    uint8_t reserved[56];
    /* +1 for each event. It has a cache line of its own, and bh_core()->watch can watch its low 16 bits. */
    volatile uint32_t generation;
    uint8_t reserved2[60];
    /* Event number g, which set the generation to g, concerned socket index ring[g % NET_RING]. A reader that is more
     * than NET_RING - 2 events behind when it has read an entry has to look at all words, because the entry of the next
     * event is written before the generation. */
    volatile uint16_t ring[NET_RING];
    volatile uint32_t words[NET_SOCKETS_MAX];
};

/* Stores the address of the table, which stays valid as long as the network compartment lives. -ENOBUFS: that
 * compartment has no share, so net_wait() is the only way to wait. */
int net_table(struct net_table **table);

/* Blocks until the generation differs from `seen`, or for `timeout` ns. Returns the generation, or 0 if the gate
 * failed. One thread of a caller is enough. */
uint32_t net_events_wait(uint32_t seen, uint64_t timeout);

/* Blocks until the socket has any of `events` (NET_ERROR and NET_HANGUP always count), or for `timeout` ns. Returns the
 * event bits of the socket, 0 after a time-out. Another thread must not close the socket meanwhile. */
int net_wait(net_socket_t s, uint32_t events, uint64_t timeout);

/* ---- Sockets ------------------------------------------------------------------------------------------------- */

/* Makes a socket of family AF_INET or AF_INET6 and type SOCK_STREAM or SOCK_DGRAM (without flag bits). *index: its
 * entry of net_table.words. Errors: EAFNOSUPPORT, ESOCKTNOSUPPORT, EINVAL (no such type), EPROTONOSUPPORT, ENFILE (the
 * caller has all that it may have). */
int net_socket(int family, int type, int protocol, net_socket_t *s, uint32_t *index);

/* Closes the socket. Data that has not been acknowledged is still sent (unless SO_LINGER is 0 s); unread data is
 * answered with a reset, as in other systems. The handle is invalid afterwards. Always returns 0. */
int net_close(net_socket_t s);

/* Binds to a local address. Blocks while DHCP may still bring the address, for at most 15 s after the start. Another
 * thread must not close the socket meanwhile. Errors: EADDRINUSE (also if another caller has the port), EACCES (the
 * appliance gives the port to others: edges.ports), EADDRNOTAVAIL, EINVAL (bound already), EAFNOSUPPORT. */
int net_bind(net_socket_t s, const struct net_address *address);

/* Listens. `backlog` is how many connections may wait for net_accept(), clamped to 1 ... 4096; the peers of further
 * ones have to try again. Errors: EADDRINUSE, EINVAL (connected), EOPNOTSUPP. */
int net_listen(net_socket_t s, int backlog);

/* Takes the next connection; the caller owns it. `peer` may be NULL. Errors: EAGAIN, EINVAL (not listening),
 * ECONNABORTED, EOPNOTSUPP, ENFILE. */
int net_accept(net_socket_t s, net_socket_t *connection, uint32_t *index, struct net_address *peer);

/* SOCK_STREAM: starts to connect. NET_WRITABLE or NET_ERROR report the outcome, SO_ERROR the reason. Errors:
 * EINPROGRESS (the usual case), EALREADY, EISCONN, ECONNREFUSED, ENETUNREACH, EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL.
 * SOCK_DGRAM: sets the peer; family 0 removes it. */
int net_connect(net_socket_t s, const struct net_address *address);

/* Closes one direction or both; how: SHUT_RD, SHUT_WR, SHUT_RDWR. Errors: ENOTCONN, EINVAL. */
int net_shutdown(net_socket_t s, int how);

/* Receives up to `size` bytes and returns how many, 0 at the end of a stream. flags: MSG_PEEK, MSG_TRUNC (return the
 * real length of a datagram), MSG_OOB (the urgent byte; EINVAL: there is none), NET_MSG_REST (the caller has received
 * data of this stream that it has not reported yet: without more data it is EAGAIN, and an error or the end of the
 * stream stays for the next call); MSG_DONTWAIT and MSG_NOSIGNAL have no effect. Errors: EAGAIN, ENOTCONN, ECONNRESET,
 * ETIMEDOUT. `from` may be NULL. */
#define NET_MSG_REST 0x20000000
ssize_t net_recv(net_socket_t s, void *buffer, size_t size, int flags);
ssize_t net_recvfrom(net_socket_t s, void *buffer, size_t size, int flags, struct net_address *from);

/* Sends what fits into the send buffer and returns how many bytes that were, possibly fewer than `size`; a datagram
 * is sent whole or not at all. flags: MSG_MORE (hold back a partial segment); MSG_DONTWAIT and MSG_NOSIGNAL have no
 * effect. A caller with an iovec should gather it into one buffer, so that it costs one call. `to` may be NULL.
 * Errors: EAGAIN, EPIPE, ENOTCONN, ECONNRESET, ETIMEDOUT, EMSGSIZE, EDESTADDRREQ, ENETUNREACH. */
ssize_t net_send(net_socket_t s, const void *buffer, size_t size, int flags);
ssize_t net_sendto(net_socket_t s, const void *buffer, size_t size, int flags, const struct net_address *to);

/* ---- Lanes: small transfers of stream sockets without a call (net/lane.h) ---------------------------------------- */
typedef struct net_lane_end *net_lane_t;

struct net_lane;

/* Makes a lane in a share. -ENOBUFS: there is no share, it is too small, or there are too many lanes. */
int net_lane_open(net_lane_t *lane, struct net_lane **shared);

/* Frees a lane. The data in it is lost and its sockets have no lane any more, so this is for callers that have died or
 * are about to end. Always returns 0. */
int net_lane_close(net_lane_t lane);

/* From now on the socket and the connections that it accepts use the lane. *index: as from net_socket(), with a serial
 * number in the upper half (net_accept() stores it as well). Received data comes once the caller has added
 * NET_LANE_CREDIT to taken[]. -EOPNOTSUPP: it is no stream socket, or it has a lane or data already. */
int net_attach(net_lane_t lane, net_socket_t s, uint32_t *index);

/* Sends what the caller has put into the lane. Always returns 0. */
int net_lane_run(net_lane_t lane);

/* Blocks until something happens to any socket while the lane is armed, and returns 0. The reply wakes a parked VM. */
int net_lane_wait(net_lane_t lane);

/* Stores the own address, or with `peer` that of the other end. Errors: ENOTCONN. */
int net_getname(net_socket_t s, int peer, struct net_address *address);

/* Sets or reads an option, which is a single number. SOL_SOCKET: SO_REUSEADDR, SO_REUSEPORT, SO_KEEPALIVE,
 * SO_BROADCAST, SO_SNDBUF, SO_RCVBUF, SO_LINGER (seconds, -1: off), SO_ERROR (get; clears it), SO_TYPE,
 * SO_ACCEPTCONN, SO_DOMAIN, SO_PROTOCOL (get), SO_NREAD (get: bytes that can be read now, FIONREAD). IPPROTO_TCP:
 * TCP_NODELAY, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_MAXSEG (get). IPPROTO_IPV6: IPV6_V6ONLY. IPPROTO_IP:
 * IP_TTL, IP_TOS. Errors: ENOPROTOOPT, EINVAL. SO_RCVTIMEO and SO_SNDTIMEO are up to the caller, who does the
 * waiting. Stream sockets of one caller that listen with SO_REUSEPORT at the same address and port get the
 * connections in turn; for datagrams it means SO_REUSEADDR. */
int net_setopt(net_socket_t s, int level, int name, int64_t value);
int net_getopt(net_socket_t s, int level, int name, int64_t *value);

/* ---- Names and the interface ------------------------------------------------------------------------------------ */

/* Resolves a host name or a numeric address; family AF_INET, AF_INET6 or 0 (both). Returns how many addresses it stored
 * in `list` (at least 1, with port 0). Blocks for at most 20 s. Errors: ENOENT (no such name), EAGAIN (no answer in
 * time, or no network yet), ENOMEM, EINVAL. */
#define NET_RESOLVE_MAX 4u
int net_resolve(const char *name, int family, struct net_address *list, uint32_t max);

struct net_interface {
    uint32_t up; /* 1: has an IPv4 address, or an IPv6 one beyond the link-local */
    uint32_t mtu;
    uint8_t mac[6];
    uint16_t reserved;
    uint8_t address[4], mask[4], gateway[4], dns[4]; /* 0.0.0.0: none */
    uint8_t link_local[16], global[16];              /* ::: none */
    uint64_t received, sent, dropped;                /* frames; dropped: no buffer was free, or malformed */
    uint64_t free_receive_buffers, receive_buffers;
    uint64_t data_bytes;            /* heap in use for packets and send queues */
    uint64_t heap_used, heap_bytes; /* of the whole compartment */
    uint32_t sockets, connections;  /* in use; TCP connections that lwIP knows, TIME_WAIT included */
    uint32_t segments, packets;     /* entries of TCP's queues, and packet descriptors of lwIP's own, that are in use */
};
/* Stores the state of the interface. Errors: only -ENETDOWN. */
int net_interface(struct net_interface *info);

#endif
