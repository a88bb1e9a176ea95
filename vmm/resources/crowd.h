/* How many of the appliance want a processor: a count that every process keeps, and that guests read.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A VM that polls keeps its processor from the VM that it waits for, until the host's scheduler takes it away, which is
 * milliseconds later. So who polls looks at the count, and sleeps when more want a processor than there are. */
#ifndef BH_VMM_RESOURCES_CROWD_H
#define BH_VMM_RESOURCES_CROWD_H

#include "rpc/boot.h"
#include "rpc/mount.h"
#include "vmm/base/problem.h"

/* What the processes of an appliance share. Only the first page is mapped into guests. */
struct crowd {
    struct bh_crowd page __attribute__((aligned(BH_PAGE_SIZE)));
    /* How many of `page.awake` each process added: for the supervisor, when the process ends. */
    uint32_t by_vm[BH_VMS_MAX] __attribute__((aligned(BH_PAGE_SIZE)));
    uint32_t by_mount[BH_MOUNTS_MAX];
};

/* Makes the memory: a memfd, which is returned, and a mapping of it that forked processes inherit. -1: `p`. */
int crowd_make(struct crowd **crowd, unsigned processors, struct problem *p);

/* A process of the appliance; several threads of it may want a processor. */
struct crowd_member {
    struct crowd *crowd;
    uint32_t *mine; /* in `crowd` */
};
struct crowd_member crowd_vm(struct crowd *crowd, uint32_t v);
struct crowd_member crowd_mount(struct crowd *crowd, uint32_t i);

/* A thread of the process begins to run, or is about to sleep. Any thread may call them. */
void crowd_wake(struct crowd_member m);
void crowd_sleep(struct crowd_member m);

/* In the supervisor: the process has ended, so none of its threads wants a processor any more. */
void crowd_leave(struct crowd_member m);

#endif
