/* A client of the network and the file system, in a VM of its own, that takes what it can get.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <stdint.h>

/* Addresses to bind. */
enum { HOSTILE_ANY, HOSTILE_LOOPBACK };

/* Binds a port, and listens if it is a stream, with every option that could help; AF_INET, AF_INET6; SOCK_*. 0, and
 * the socket stays; or a negative errno value. */
int hostile_steal(int family, int type, int address, uint16_t port);

/* Takes something until there is no more. How many; the error that ended it is not told. */
enum {
    HOSTILE_SOCKETS,
    HOSTILE_LISTENERS,
    HOSTILE_DATAGRAMS,
    HOSTILE_LANES,
    HOSTILE_FILES, /* open ones */
    HOSTILE_LOCKS, /* of a byte each, in /shared */
    HOSTILE_BYTES, /* of a file, in KiB */
    HOSTILE_NAMES, /* empty files */
};
int hostile_take(int what);
void hostile_give_back(void); /* sockets and open files */

/* Starts threads whose calls block for ever. How many there are. */
enum { HOSTILE_WAIT /* for events of a socket */, HOSTILE_RESOLVE /* names */, HOSTILE_LOCK /* that another has */ };
int hostile_block(int what, int threads);

/* Makes n calls that are refused, each of which is reported. */
void hostile_be_refused(int n);

void hostile_print(void); /* from now on, without end */

void hostile_die(void);

#endif
