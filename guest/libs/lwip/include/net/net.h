/* Sockets of the network compartment, as other compartments see them: the interface that lwip.edl exports.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Applications use the POSIX layer, which is built on this. Constants (address families, socket types, options,
 * flags) are those of the POSIX layer's <sys/socket.h>, <netinet/in.h> and <netinet/tcp.h>.
 *
 * No transfer function ever waits: where a BSD socket would block, they fail with EAGAIN (net_connect: EINPROGRESS).
 * Waiting is a call of its own: net_wait() for one socket, net_events_wait() for all. Blocking or not, and
 * time-outs, are therefore the caller's business and cost no call.
 *
 * Functions return 0 or more, or a NEGATIVE errno value (picolibc's <errno.h>); errno itself is not touched. Besides
 * the values named at each function: -EBADF (no socket), -EFAULT (no buffer), -ENETDOWN (this VM has no network
 * device), -ENOMEM, -ENOBUFS; -EPIPE also if the gate itself failed (then the caller's errno tells: EPIPE the network
 * compartment is gone, ETIMEDOUT, EACCES). */
#ifndef NET_NET_H
#define NET_NET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A socket. Across a gate: a number that means something to its owner only. */
typedef struct net_socket *net_socket_t;

/* IPv4 or IPv6 end point. */
struct net_address {
    uint16_t family;   /* AF_INET, AF_INET6; 0: none */
    uint16_t port;     /* host byte order */
    uint32_t scope;    /* IPv6 link-local: interface number; else 0 */
    uint8_t bytes[16]; /* network byte order; AF_INET: the first four */
};
_Static_assert(sizeof(struct net_address) == 24, "crosses gates as bytes");

#define NET_SOCKETS_MAX 2048u

/* ---- Readiness ----------------------------------------------------------------------------------------------
 * One word per socket, in memory that all members of the network compartment's default share can read. They are
 * hints: whoever acts on one makes the real call, which tells the truth. */
#define NET_READABLE    0x1u  /* data, end of file, a connection to accept, or an error */
#define NET_WRITABLE    0x2u  /* net_send() takes something; connected */
#define NET_ERROR       0x4u  /* SO_ERROR is set */
#define NET_HANGUP      0x8u  /* both directions are closed (POLLHUP) */
#define NET_RDHUP       0x10u /* the peer will send no more (POLLRDHUP) */
#define NET_EVENTS      0x1fu
#define NET_COUNT_SHIFT 16 /* bits 16-31: +1 whenever something new happened: data arrived, room became free */

#define NET_RING 1024u
struct net_table {
    uint32_t sockets; /* entries of `words`: NET_SOCKETS_MAX */
    uint32_t ring_size;
    uint8_t reserved[56];
    /* +1 for each event; a cache line of its own. Its address may be given to bh_core()->watch (low 16 bits). */
    volatile uint32_t generation;
    uint8_t reserved2[60];
    /* Event number g (generation became g) concerned socket index ring[g % NET_RING]. Who is more than NET_RING
     * events behind looks at all words. */
    volatile uint16_t ring[NET_RING];
    volatile uint32_t words[NET_SOCKETS_MAX];
};

/* Where the struct net_table lies; it stays for the compartment's life. 0, or -ENOBUFS: the network compartment has no
 * share (then net_wait() is what is left). */
int net_table(struct net_table **table);

/* Waits until the generation differs from `seen`, at most `timeout` ns (BH_FOREVER: no limit); returns the generation
 * (0 if the gate failed). Blocks; one thread of a caller is enough. */
uint32_t net_events_wait(uint32_t seen, uint64_t timeout);

/* Waits until the socket has any of `events` (NET_READABLE ...; NET_ERROR and NET_HANGUP always count), at most
 * `timeout` ns; returns the socket's event bits, 0 after a time-out. Blocks. Not while another thread closes it. */
int net_wait(net_socket_t s, uint32_t events, uint64_t timeout);

/* ---- Sockets ------------------------------------------------------------------------------------------------- */

/* New socket: family AF_INET, AF_INET6; type SOCK_STREAM, SOCK_DGRAM (no flag bits). *index: its entry of
 * net_table.words. 0, or -EAFNOSUPPORT, EPROTOTYPE, EPROTONOSUPPORT, ENFILE (NET_SOCKETS_MAX in use). */
int net_socket(int family, int type, int protocol, net_socket_t *s, uint32_t *index);

/* Ends the socket. Data not yet acknowledged is still sent (unless SO_LINGER says 0 s); data not yet received is
 * answered with a reset, as everywhere. The handle is gone, whatever is returned. Always 0. */
int net_close(net_socket_t s);

/* Errors: EADDRINUSE, EADDRNOTAVAIL, EINVAL (bound already), EAFNOSUPPORT. */
int net_bind(net_socket_t s, const struct net_address *address);

/* Backlog: connections that wait for net_accept(); more have to try again. 1 to 4096, others are cut to that.
 * Errors: EADDRINUSE, EINVAL (connected), EOPNOTSUPP. */
int net_listen(net_socket_t s, int backlog);

/* `peer` may be NULL. Errors: EAGAIN, EINVAL (not listening), ECONNABORTED, EOPNOTSUPP, ENFILE. */
int net_accept(net_socket_t s, net_socket_t *connection, uint32_t *index, struct net_address *peer);

/* SOCK_STREAM: starts; NET_WRITABLE or NET_ERROR come when it is decided, SO_ERROR says what. Errors: EINPROGRESS (the
 * usual case), EALREADY, EISCONN, ECONNREFUSED, ENETUNREACH, EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL. SOCK_DGRAM: at once;
 * family 0 dissolves the association. */
int net_connect(net_socket_t s, const struct net_address *address);

/* how: SHUT_RD, SHUT_WR, SHUT_RDWR. Errors: ENOTCONN, EINVAL. */
int net_shutdown(net_socket_t s, int how);

/* flags: MSG_PEEK, MSG_TRUNC (datagrams: return the real length), MSG_DONTWAIT, MSG_NOSIGNAL accepted. Returns bytes, 0
 * at end of file. Errors: EAGAIN, ENOTCONN, ECONNRESET, ETIMEDOUT, EOPNOTSUPP. `from` may be NULL (as in net_recv()).
 */
ssize_t net_recv(net_socket_t s, void *buffer, size_t size, int flags);
ssize_t net_recvfrom(net_socket_t s, void *buffer, size_t size, int flags, struct net_address *from);

/* Takes what fits into the send buffer: returns bytes, perhaps fewer than `size`. A datagram goes whole or not at all.
 * flags: MSG_MORE (hold back a partial segment), MSG_DONTWAIT, MSG_NOSIGNAL accepted. Gather an iovec into one buffer
 * first: one call. Errors: EAGAIN, EPIPE, ENOTCONN, ECONNRESET, ETIMEDOUT, EMSGSIZE, EDESTADDRREQ, ENETUNREACH. */
ssize_t net_send(net_socket_t s, const void *buffer, size_t size, int flags);
ssize_t net_sendto(net_socket_t s, const void *buffer, size_t size, int flags, const struct net_address *to);

/* ---- Lanes: small transfers of stream sockets without a call (net/lane.h) ---------------------------------------- */
typedef struct net_lane_end *net_lane_t;

struct net_lane;

/* A new lane, in a share. 0, or -ENOBUFS (no share, too small a one, or too many lanes). */
int net_lane_open(net_lane_t *lane, struct net_lane **shared);

/* Frees it; what is in it is lost, and its sockets have none any more: for callers that are dead, or about to be. 0. */
int net_lane_close(net_lane_t lane);

/* The socket uses the lane from now on, as do the connections that it accepts. *index: as from net_socket(), with a
 * serial number in the upper half (net_accept() tells it as well). Received data comes once the caller has added
 * NET_LANE_CREDIT to taken[]. -EOPNOTSUPP: no stream socket, or it has a lane or data already. */
int net_attach(net_lane_t lane, net_socket_t s, uint32_t *index);

/* Sends what the caller has put into the lane. 0. */
int net_lane_run(net_lane_t lane);

/* Returns 0 when something happened to any socket while the lane was armed. Blocks; its reply wakes a parked VM. */
int net_lane_wait(net_lane_t lane);

/* Own address, or with `peer` the other end's. Errors: ENOTCONN. */
int net_getname(net_socket_t s, int peer, struct net_address *address);

/* Options as single numbers. SOL_SOCKET: SO_REUSEADDR, SO_REUSEPORT, SO_KEEPALIVE, SO_BROADCAST, SO_SNDBUF, SO_RCVBUF,
 * SO_LINGER (seconds, -1: off), SO_ERROR (get; clears it), SO_TYPE, SO_ACCEPTCONN, SO_DOMAIN, SO_PROTOCOL (get),
 * SO_NREAD (get: bytes that can be read now, FIONREAD). IPPROTO_TCP: TCP_NODELAY, TCP_KEEPIDLE, TCP_KEEPINTVL,
 * TCP_KEEPCNT, TCP_MAXSEG (get). IPPROTO_IPV6: IPV6_V6ONLY. IPPROTO_IP: IP_TTL, IP_TOS. Errors: ENOPROTOOPT, EINVAL.
 * SO_RCVTIMEO and SO_SNDTIMEO belong to whoever waits. Streams that listen with SO_REUSEPORT at the same address and
 * port get its connections in turn, whoever opened them; for datagrams it counts as SO_REUSEADDR. */
int net_setopt(net_socket_t s, int level, int name, int64_t value);
int net_getopt(net_socket_t s, int level, int name, int64_t *value);

/* ---- Names and the interface ------------------------------------------------------------------------------------ */

/* Addresses of a host name, or of a numeric address; family AF_INET, AF_INET6 or 0 (both). Returns how many were put
 * into `list` (at least 1, port 0). Errors: ENOENT (no such name), EAGAIN (no answer in time, or no network yet),
 * ENOMEM, EINVAL. Blocks, 20 s at most. */
#define NET_RESOLVE_MAX 4u
int net_resolve(const char *name, int family, struct net_address *list, uint32_t max);

struct net_interface {
    uint32_t up; /* 1: has an IPv4 address, or an IPv6 one beyond the link-local */
    uint32_t mtu;
    uint8_t mac[6];
    uint16_t reserved;
    uint8_t address[4], mask[4], gateway[4], dns[4]; /* 0.0.0.0: none */
    uint8_t link_local[16], global[16];              /* ::: none */
    uint64_t received, sent, dropped;                /* frames; dropped: out of buffers, or malformed */
    uint64_t free_receive_buffers, receive_buffers;
    uint64_t data_bytes;            /* heap in use for packets and send queues */
    uint64_t heap_used, heap_bytes; /* of the whole compartment */
    uint32_t sockets, connections;  /* in use; TCP connections that lwIP knows, TIME_WAIT included */
    uint32_t segments, packets;     /* entries of TCP's queues, and packet descriptors of lwIP's own, that are in use */
};
/* 0, or -ENETDOWN. */
int net_interface(struct net_interface *info);

#endif
