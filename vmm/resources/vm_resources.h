/* What the supervisor makes for one VM: its status page, statistics, notify descriptor and sockets.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_RESOURCES_VM_RESOURCES_H
#define BH_VMM_RESOURCES_VM_RESOURCES_H

#include <stdbool.h>

#include "rpc/boot.h"
#include "vmm/base/problem.h"
#include "vmm/resources/vm_stats.h"

#define COREDUMP_PATIENCE_S 20u /* how long a piece of a coredump may take, seconds: another VM's may come first */

/* Both ends of a socket between the supervisor and the process of a VM; -1: closed. */
struct vm_sockets {
    int supervisor, vm;
};

/* Descriptors: -1, none. Memory: NULL, not mapped. */
struct vm_resources {
    /* What outlives the VM's process. */
    int status_fd; /* sealed memfd that can no longer be mapped writable */
    struct bh_status_page *status;
    int stats_fd;                 /* sealed memfd: vm_stats.h */
    const struct vm_stats *stats; /* in the supervisor */
    int notify_fd;                /* eventfd */
    /* What belongs to one process of the VM. */
    struct vm_sockets messages; /* SEQPACKET: struct message */
    struct vm_sockets debug;    /* SEQPACKET: struct debug_request, struct debug_answer */
    struct vm_sockets coredump; /* STREAM, for core dumps: vmm/vm/coredump.h */
};

/* Makes all of it, with every member set to "none" before. False: `p`; vm_resources_release() then releases what was
 * made. */
bool vm_resources_make(struct vm_resources *r, struct problem *p);
void vm_resources_release(struct vm_resources *r);

/* Makes the sockets, which are closed, for a process that is to be forked. False: `p`. */
bool vm_resources_open_sockets(struct vm_resources *r, struct problem *p);
/* Closes both ends of them: the process has ended. */
void vm_resources_close_sockets(struct vm_resources *r);

/* In the supervisor, once the VM's process has them: closes the process's ends. */
void vm_resources_close_vm_ends(struct vm_resources *r);
/* In the VM's process: unmaps and closes what only the supervisor may have. */
void vm_resources_drop_supervisor_part(struct vm_resources *r);

#endif
