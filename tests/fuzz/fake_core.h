/* A VM's core without its VM: real gates, peers and arenas over memory at the real addresses; threads and
 * hypercalls replaced by what a test needs. For the fuzzer and the hosted tests of the core.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_TESTS_FAKE_CORE_H
#define BH_TESTS_FAKE_CORE_H

#include "guest/kernel/core/core.h"

/* Maps boot information, status page, image header and the regions of two edges: edge 0 is called by us
 * (compartment 0), edge 1 calls us. `dispatch` is function 0 to 3 of ours; 0 and 1 are granted, 1 and 3 are
 * nonblocking. May be called again: everything starts anew. */
void fake_core_start(bh_dispatch_fn *dispatch);

struct bh_status_page *fake_status(void);          /* writable */
struct bh_edge_region *fake_region(uint32_t edge); /* what the peer would write */

extern uint32_t fake_notifications;      /* notifications so far */
extern uint32_t fake_free_workers;       /* workers that thread_new() may still make */
extern void (*fake_on_wait)(void);       /* called when the running thread would block; may let the peer act */
extern const void *fake_watched_channel; /* calls of thread_wakeup() for this channel are counted in fake_wakeups */
extern uint32_t fake_wakeups;

#endif
