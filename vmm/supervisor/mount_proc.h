/* The process that serves one mount, as the supervisor sees it.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_SUPERVISOR_MOUNT_PROC_H
#define BH_VMM_SUPERVISOR_MOUNT_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "vmm/base/problem.h"

struct supervisor;

enum mount_state {
    MOUNT_NONE,   /* no process has been started */
    MOUNT_SERVES, /* its process has been confined, and answers */
    MOUNT_REAPED, /* it has ended; requests fail */
};

struct mount_proc {
    enum mount_state state;
    pid_t pid; /* MOUNT_SERVES */
};

/* Starts the server of mount i and waits until it is confined. False: `p`. */
bool mount_proc_start(struct supervisor *s, uint32_t i, struct problem *p);

/* A child has ended: takes note of it if it was this one. Does not block. */
void mount_proc_reap(struct supervisor *s, uint32_t i);

/* Ends it, and waits for that. */
void mount_proc_end(struct mount_proc *m);

#endif
