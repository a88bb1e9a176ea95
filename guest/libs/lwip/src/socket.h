/* A socket inside the network compartment, and what the files of the socket layer need of each other.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * sockets.c: creation, closing, storage of options; tcp.c: TCP connections; tcp_listen.c: listening sockets;
 * tcp_data.c: data of connections; tcp_hooks.c: what lwIP asks first; udp.c; options.c; resolve.c; events.c:
 * readiness. */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include "netcore.h"

#include "lwip/tcp.h"
#include "lwip/udp.h"

/* These have to follow lwIP's headers, which define htonl() and its relatives themselves. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <net/net.h>

/* Datagram that was received. */
struct datagram {
    struct datagram *next;
    struct pbuf *p;
    struct net_address from;
};

enum net_state {
    NET_IDLE, /* no pcb yet, or bound */
    NET_LISTENING,
    NET_CONNECTING,
    NET_CONNECTED,
    NET_CLOSED, /* was connected; pcb is gone */
};

struct net_socket {
    uint16_t index; /* of its word in the table */
    uint8_t family; /* AF_INET, AF_INET6 */
    bool datagram;
    uint16_t client; /* whose socket it is: bh_caller() */
    enum net_state state;
    union {
        struct tcp_pcb *tcp; /* also the listening one */
        struct udp_pcb *udp;
    };
    int error;                    /* SO_ERROR: errno value */
    uint32_t waiters;             /* threads in net_wait() */
    bool receive_shut, send_shut; /* by net_shutdown() */
    bool end_of_file;             /* the peer sent FIN */
    bool reset;                   /* the connection ended with an error */
    bool starved;                 /* a send failed for lack of memory: tcp_poll tries again */
    bool deferred;                /* connect as soon as the interface is up */

    struct net_lane_end *lane; /* NULL: every transfer is a call */
    uint16_t serial;           /* tells it from an earlier socket of the same index */
    uint32_t pushed;           /* bytes that went into the lane */

    /* Received data. TCP: pbufs linked by `next` whose tot_len is not maintained. */
    struct pbuf *first, *last;
    struct datagram *first_datagram, *last_datagram;
    uint32_t received; /* bytes in the queue */
    uint32_t consumed; /* bytes of `first` that have been fetched */

    /* Urgent data of TCP. */
    uint32_t next_byte;             /* sequence number of the next byte that comes */
    uint32_t urgent_at;             /* the same of the urgent byte, if it still comes */
    bool urgent_comes, urgent_kept; /* kept: for MSG_OOB */
    uint8_t urgent_byte;

    /* Connections to accept. */
    struct net_socket *first_accepted, *last_accepted, *next;
    struct net_socket *listener; /* while it is in that queue */
    uint32_t n_accepted, backlog;
    struct net_socket *sharer; /* listening: the next one at the same port (SO_REUSEPORT), in a ring; itself if alone */

    struct net_address local, remote; /* valid also while there is no pcb */

    /* Options, applied to a pcb when there is one. */
    struct {
        bool reuse, reuse_port, no_delay, keep_alive, broadcast, v6_only, urgent_inline;
        int32_t linger; /* seconds; -1: off */
        int32_t send_buffer, receive_buffer;
        uint32_t keep_idle, keep_interval, keep_count; /* 0: default */
        uint8_t ttl, tos;                              /* 0: default */
    } option;
};

/* ---- sockets.c ---- */
struct net_socket *net_socket_new(uint32_t client, int family, bool datagram); /* NULL: no more for it, or no memory */
void net_socket_free(struct net_socket *s);
uint32_t net_sockets_in_use(void);
struct net_socket *net_socket_at(uint32_t index); /* NULL: free */

/* ---- addresses.c ---- */
/* Whether a socket can be bound to it: the unspecified address, one of this machine, a multicast or broadcast one. */
bool net_can_bind(const ip_addr_t *ip);
/* 0, -EAFNOSUPPORT, -EINVAL. IPv4-mapped addresses become IPv4. */
int net_to_ip(const struct net_socket *s, const struct net_address *a, ip_addr_t *ip);
/* The same for where something goes: as on Linux, the unspecified address is the own loopback. */
int net_to_destination(const struct net_socket *s, const struct net_address *a, ip_addr_t *ip);
/* In the socket's own family: IPv4 becomes IPv4-mapped on an AF_INET6 socket. */
void net_from_ip(const struct net_socket *s, const ip_addr_t *ip, uint16_t port, struct net_address *a);
int net_errno(err_t e); /* positive errno value */

/* ---- clients.c ---- */
/* What all clients have in common, with a guaranteed part for each (bh/callers.h). */
enum net_resource { NET_SOCKETS, NET_LISTENERS, NET_DATAGRAMS, NET_LANES, NET_QUESTIONS, NET_RESOURCES };
#define NET_LANES_MAX 32u
bool net_client_take(uint32_t client, enum net_resource what); /* one; false: it has what it may have */
void net_client_give(uint32_t client, enum net_resource what);

/* ---- ports.c ---- */
/* Whether the client may bind its socket to a port. 0; -EACCES: the appliance gives the port to others; -EADDRINUSE:
 * another client has it. Port 0 is always allowed. */
int net_port_check(const struct net_socket *s, uint16_t port);
/* The port for a socket whose client names none; 0: lwIP may choose, since no port of its range belongs to anybody. */
uint16_t net_port_choose(const struct net_socket *s);

/* ---- events.c ---- */
/* Reports an event: sets bits, counts it, and wakes the waiting threads at net_leave(). */
void net_raise(struct net_socket *s, uint32_t bits);
/* Clears bits, which is no event. */
void net_lower(struct net_socket *s, uint32_t bits);
uint32_t net_word(const struct net_socket *s);
void net_word_reset(struct net_socket *s);

/* ---- tcp.c, tcp_listen.c, tcp_data.c ---- */
/* lwIP has a bounded number of pcbs. When they run out it ends those in TIME_WAIT, then those of a lower priority than
 * the new one needs, so that neither closed sockets nor half-open connections take what clients were promised. */
enum { NET_PRIO_CLOSED = TCP_PRIO_MIN, NET_PRIO_HALF_OPEN };
int net_tcp_bind(struct net_socket *s, const ip_addr_t *ip, uint16_t port);
int net_tcp_listen(struct net_socket *s, int backlog);
int net_tcp_connect(struct net_socket *s, const ip_addr_t *ip, uint16_t port);
int net_tcp_shutdown(struct net_socket *s, int how);
void net_tcp_close(struct net_socket *s);
void net_tcp_apply_options(struct net_socket *s);
/* Both directions are closed: lwIP finishes the connection alone and makes no more callbacks. */
void net_tcp_detach(struct net_socket *s);
void net_tcp_callbacks(struct net_socket *s);
int net_tcp_need_pcb(struct net_socket *s); /* makes the pcb if there is none; 0 or -ENOBUFS */
void net_tcp_abort(struct net_socket *s);
void net_tcp_close_listener(struct net_socket *s);
/* The listener that gets the next connection to the port of `s`; NULL: all of them have full queues. */
struct net_socket *net_tcp_next_listener(struct net_socket *s);
ssize_t net_tcp_receive(struct net_socket *s, void *buffer, size_t size, int flags);
ssize_t net_tcp_send(struct net_socket *s, const void *buffer, size_t size, int flags);
void net_tcp_drop_received(struct net_socket *s);
err_t net_tcp_on_receive(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t e);
err_t net_tcp_on_sent(void *arg, struct tcp_pcb *pcb, uint16_t n);
err_t net_tcp_on_poll(void *arg, struct tcp_pcb *pcb);
/* May the socket queue data that has just come in? */
bool net_may_keep(const struct net_socket *s);
/* The pbuf, or a copy that frees its receive buffers when those are short. */
struct pbuf *net_keep(const struct net_socket *s, struct pbuf *p);

/* Moves received data out of the queue and opens the window. Returns how many bytes. */
size_t net_tcp_consume(struct net_socket *s, uint8_t *to, size_t size);
/* Sends data that came through a lane, in one or two parts. If that fails the connection ends: no caller could
 * retry. */
void net_tcp_send_all(struct net_socket *s, const uint8_t *data, size_t size, const uint8_t *rest, size_t n_rest);

/* ---- tcp_urgent.c ---- */
/* A segment has the URG flag. */
void net_urgent_note(struct net_socket *s, const struct tcp_hdr *header);
/* Counts data that has come and takes the urgent byte out of it. NULL: there was nothing else, and it is freed. */
struct pbuf *net_urgent_remove(struct net_socket *s, struct pbuf *p);
ssize_t net_urgent_receive(struct net_socket *s, uint8_t *buffer, size_t size, int flags);

/* ---- lane.c ---- */
void net_lane_join(struct net_socket *s, struct net_lane_end *lane);
uint32_t net_lane_name(const struct net_socket *s); /* in records */
uint32_t net_lane_unread(
    const struct net_socket *s); /* bytes pushed that the application has not read; 0 without a lane */
/* Puts received data into the lane. False: something stays queued, as not all of it fits, or there is no lane. */
bool net_lane_push(struct net_socket *s);

/* ---- udp.c ---- */
int net_udp_bind(struct net_socket *s, const ip_addr_t *ip, uint16_t port);
int net_udp_connect(struct net_socket *s, const struct net_address *address);
void net_udp_close(struct net_socket *s);
void net_udp_apply_options(struct net_socket *s);
ssize_t net_udp_receive(struct net_socket *s, void *buffer, size_t size, int flags, struct net_address *from);
ssize_t net_udp_send(struct net_socket *s, const void *buffer, size_t size, const struct net_address *to);

#endif
