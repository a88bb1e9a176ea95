/* What the application does while its neighbour is hostile. Functions say on standard output what failed.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef WORK_H
#define WORK_H

#include <stdbool.h>
#include <stdint.h>

#include <net/net.h>
#include <vfs/vfs.h>

#define SECOND 1000000000ull

bool failed(const char *what, int64_t value); /* always false */

/* A socket bound to any address; a stream listens. NULL: failed. */
net_socket_t listen_at(int family, int type, uint16_t port);
/* Connects to 127.0.0.1 and sends a byte; whether `listener` got it. */
bool reaches(net_socket_t listener, uint16_t port);
bool datagram_reaches(net_socket_t s, uint16_t port);

bool network_works(void);                               /* sockets, listeners, connections, datagrams */
bool files_work(void);                                  /* names, data, locks in memory */
vfs_file_t open_path(const char *path, uint32_t flags); /* NULL: failed */
bool lock_whole(vfs_file_t file);

#endif
