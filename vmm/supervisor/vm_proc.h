/* The process of one VM, as the supervisor sees it: from the fork until it has been reaped.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_SUPERVISOR_VM_PROC_H
#define BH_VMM_SUPERVISOR_VM_PROC_H

#include <sys/types.h>

#include "vmm/base/bucket.h"
#include "vmm/base/loop.h"
#include "vmm/base/problem.h"
#include "vmm/crash/collector.h"
#include "vmm/resources/vm_resources.h"

struct supervisor;

/* A process may end before its peers know that the guest is over, or after it. */
enum vm_state {
    VM_NONE,    /* it has not been forked */
    VM_FORKED,  /* it makes the VM ready */
    VM_STARTED, /* the guest runs */
    VM_OVER,    /* the guest runs no more: nothing it says counts. The process still has to end */
    VM_ENDED,   /* the process has been reaped, but the guest does not count as over yet */
    VM_REAPED,  /* both */
};

/* The process that collects cores and writes the report after a crash of this VM. */
enum vm_collector_state {
    COLLECTOR_NONE,
    COLLECTOR_LOOKS,  /* it takes cores, the crashed VM's last */
    COLLECTOR_WRITES, /* it writes the report */
    COLLECTOR_DONE,   /* the VM has been looked after, and is not a second time */
};

struct vm_collector {
    enum vm_collector_state state;
    struct collector process;
    bool deadlock;              /* the VM goes on, and may still crash */
    struct loop_source looked;  /* it has got so far */
    struct loop_timer patience; /* or it takes too long */
};

struct vm_proc {
    struct supervisor *s;
    uint32_t index;
    struct vm_resources *resources; /* its sockets, status page and statistics */
    enum vm_state state;
    pid_t pid;                   /* 0: none, or it has been reaped */
    int wait_status;             /* of waitpid(), VM_ENDED and VM_REAPED */
    struct loop_source messages; /* in the loop as long as resources->messages.supervisor is open */
    struct bucket reports;       /* printed */
    uint64_t omitted;            /* reports that were left out and not told of */
    bool at_limit, told_limit;   /* its process leaves reports out; the user has been told so */
    struct vm_collector collector;
    struct crash later; /* kind 0: none; to be told once the report that it follows from has been printed */
};

/* Before the first process is forked: VM v has none yet. */
void vm_proc_init(struct supervisor *s, uint32_t v);

/* Forks its process, with sockets that no process has had before (vm_resources_open_sockets()). False: `p`. */
bool vm_proc_fork(struct vm_proc *vm, struct problem *p);

/* A child has ended: takes note of it if it was this process or its collector. Does not block. */
void vm_proc_reap(struct vm_proc *vm);

#endif
