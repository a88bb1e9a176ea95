/* Listening sockets in an event loop that rest when a connection cannot be taken.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A connection that waits keeps its listening socket readable. Without a free descriptor for it (EMFILE) the loop would
 * go round for nothing, so the socket is left alone for a while then. */
#ifndef BH_VMM_BASE_ACCEPTOR_H
#define BH_VMM_BASE_ACCEPTOR_H

#include "vmm/base/loop.h"

struct acceptor {
    struct loop *loop;
    int fd;
    struct loop_source source;
    struct loop_timer rest;
};

/* Calls the function for connections to `fd`, which stays the caller's; negative: nothing is done. */
void acceptor_open(struct acceptor *a, struct loop *l, int fd, void (*function)(void *argument, short revents),
                   void *argument);
void acceptor_close(struct acceptor *a); /* leaves the loop; the socket stays open */

/* Takes a connection: a descriptor, or -1 with errno set. Without descriptors or memory the socket rests. */
int acceptor_take(struct acceptor *a, int flags);

/* Whether that error goes away: nobody was there any more, or the socket rests. */
bool acceptor_may_retry(int error);

#endif
