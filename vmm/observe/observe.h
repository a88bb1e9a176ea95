/* Looking at a running appliance from another process: connecting to it and mapping its statistics.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_OBSERVE_OBSERVE_H
#define BH_VMM_OBSERVE_OBSERVE_H

#include "vmm/appliance/description.h"
#include "vmm/observe/control.h"
#include "vmm/observe/rundir.h"
#include "vmm/resources/vm_stats.h"

/* The statistics of a VM: read-only mappings, whose contents are not trusted and change while they are read. */
struct observed_vm {
    const struct bh_stats *guest;
    const struct vm_stats *host;
    const uint64_t *counts; /* BH_MPK_COUNTS_VA(): a page for each domain */
};

struct observed {
    struct rundir dir;
    int socket; /* to its supervisor; -1: from within the supervisor's own process tree */
    struct description head;
    struct appliance a;
    struct observed_vm vms[BH_VMS_MAX];
};

/* Connects to the appliance of `dir`. False: `p`, EXIT_HOST (it ended meanwhile, or it is of another version). */
bool observe_connect(struct observed *o, const struct rundir *dir, struct problem *p);
void observe_close(struct observed *o);

/* Whether its supervisor still lives. */
bool observe_alive(const struct observed *o);

#endif
