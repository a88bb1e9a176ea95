/* A library that takes sockets and dies.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef OPENER_H
#define OPENER_H

#include <stdint.h>

/* Opens n sockets, one of which listens on `port`, connects two of them to it, and leaves a thread waiting for
 * another; how many sockets there are now (the accepted ones wait in the listener's queue), negative: a failure. */
int opener_open(int n, uint16_t port);
void opener_die(void);

#endif
