/* The supervisor's socket for commands that look at a running appliance, and the messages on it.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Socket "control" (SEQPACKET) in the appliance's directory (vmm/observe/rundir.h) answers only processes of the same
 * user or of root. A client that connects gets one struct control_hello with read-only descriptors: a description
 * (vmm/appliance/description.h), then the statistics of each VM (vmm/resources/vm_stats.h). After that it may send
 * requests (struct control_request), which hold until it closes the socket. */
#ifndef BH_VMM_OBSERVE_CONTROL_H
#define BH_VMM_OBSERVE_CONTROL_H

#include "vmm/base/acceptor.h"
#include "vmm/base/loop.h"
#include "vmm/observe/rundir.h"
#include "vmm/resources/resources.h"

#define CONTROL_SOCKET      "control"
#define CONTROL_VERSION     1u
#define CONTROL_CLIENTS_MAX 16u

struct control_hello {
    uint32_t version; /* CONTROL_VERSION */
    uint32_t n_vms;   /* descriptors: this many, after the description's */
};

enum control_ask {
    CONTROL_TRACE = 1, /* record every gate call */
};
struct control_request {
    uint32_t ask;
};

/* ---- The supervisor's side; none of it blocks ---- */
struct control;
struct control_client {
    struct control *control;
    int fd; /* -1: free */
    struct loop_source source;
    bool tracing; /* it wants every gate call recorded */
};

struct control {
    const struct resources *resources;
    struct loop *loop;
    int listener; /* -1: no socket */
    struct acceptor acceptor;
    int description; /* memfd, sealed */
    struct control_client clients[CONTROL_CLIENTS_MAX];
};
#define CONTROL_SOURCES_MAX (CONTROL_CLIENTS_MAX + 1) /* that it adds to the loop */

/* Answers commands from the loop from now on. Without a directory, or a socket in it, there is just nothing to connect
 * to. `pid`: of each VM's process. */
void control_open(struct control *c, struct loop *loop, const struct rundir *dir, const struct resources *r,
                  const pid_t *pid);
void control_close(struct control *c);
/* Whether some client wants every gate call recorded. */
bool control_tracing(const struct control *c);

#endif
