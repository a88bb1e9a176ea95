/* A server on POSIX sockets: many connections, one thread.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stdint.h>

/* Listens on `port` for IPv6 and IPv4. `echo`: sends received data back, else discards it. False: a message was
 * printed. */
int server_listen(uint16_t port, bool echo);
/* Serves all listeners; returns only after a fatal error, which it prints. `report`: prints a line about the
 * network compartment's resources each time the last connection ends. */
int server_run(bool report);

#endif
