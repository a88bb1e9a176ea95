/* Back end `user`: libslirp, a TCP/IP stack in this process.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_NET_USER_H
#define BH_VMM_NET_USER_H

#include "vmm/net/device.h"

extern const struct net_backend net_user;

/* Starts libslirp and opens the listening sockets. It runs on the main thread, before anything is confined. */
bool net_user_open(struct net *n, struct problem *p);

#endif
