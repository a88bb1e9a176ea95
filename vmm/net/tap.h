/* Back end `tap`: a TAP interface of the host.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_NET_TAP_H
#define BH_VMM_NET_TAP_H

#include "vmm/net/device.h"

extern const struct net_backend net_tap;

/* Opens the interface. It runs on the main thread, before anything is confined. */
bool net_tap_open(struct net *n, struct problem *p);

#endif
