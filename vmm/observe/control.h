/* The supervisor's socket for commands that look at a running appliance, and what is said over it.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Socket "control" (SEQPACKET) in the appliance's directory (vmm/observe/rundir.h); only processes of the same user, or root's,
 * are answered. Who connects gets one struct control_hello with descriptors, read-only: a snapshot (vmm/appliance/description.h),
 * then the statistics of each VM (vmm/resources/vm_stats.h). After that it may send words (struct control_request), and what they
 * ask for holds until it closes the socket. */
#ifndef BH_VMM_OBSERVE_CONTROL_H
#define BH_VMM_OBSERVE_CONTROL_H

#include <poll.h>

#include "vmm/observe/rundir.h"
#include "vmm/resources/resources.h"

#define CONTROL_SOCKET      "control"
#define CONTROL_VERSION     1u
#define CONTROL_CLIENTS_MAX 16u

struct control_hello {
    uint32_t version; /* CONTROL_VERSION */
    uint32_t n_vms;   /* descriptors: this many, after the snapshot's */
};

enum control_ask {
    CONTROL_TRACE = 1, /* record every gate call */
};
struct control_request {
    uint32_t ask;
};

/* ---- The supervisor's side; none of it blocks ---- */
struct control {
    int listener;                    /* -1: no socket */
    int snapshot;                    /* memfd, sealed */
    int client[CONTROL_CLIENTS_MAX]; /* -1: free */
    bool tracing[CONTROL_CLIENTS_MAX];
    struct resources *w;
};
#define CONTROL_FDS_MAX (CONTROL_CLIENTS_MAX + 1)

/* Without a directory, or a socket in it, there is just nothing to connect to. `pid`: of each VM's process. */
void control_open(struct control *c, const struct rundir *dir, struct resources *w, const pid_t *pid);
void control_close(struct control *c);
/* What to wait for: CONTROL_FDS_MAX entries. Then, with their results: deals with it. */
void control_fds(const struct control *c, struct pollfd *fds);
void control_serve(struct control *c, const struct pollfd *fds);
/* Whether some client wants every gate call recorded. */
bool control_tracing(const struct control *c);

#endif
