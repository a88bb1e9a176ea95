/* The network device's own thread.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_NET_THREAD_H
#define BH_VMM_NET_THREAD_H

/* The thread's function for pthread_create(3); `net` is its struct net. */
void *net_thread(void *net);

#endif
