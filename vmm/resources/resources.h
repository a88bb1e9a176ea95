/* What the supervisor makes before it forks: images, shared memory, status pages, bells, sockets.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Every VM's process inherits it and, first thing, closes what its VM was not granted. */
#ifndef BH_VMM_RESOURCES_RESOURCES_H
#define BH_VMM_RESOURCES_RESOURCES_H

#include <sys/types.h>

#include "vmm/appliance/topology.h"
#include "vmm/kvm/host.h"
#include "vmm/image/loader.h"
#include "vmm/resources/run_options.h"
#include "vmm/resources/vm_stats.h"

#define CORE_PATIENCE_S 5u /* how long a piece of a core may take on its socket, seconds */

struct resources {
    const struct appliance *a;
    const struct host *h;
    const struct run_options *o;
    pid_t supervisor;
    struct image core;
    struct image images[BH_COMPARTMENTS_MAX];
    /* sealed memfds; -1: none */
    int share_fd[BH_SHARES_MAX];
    int edge_fd[BH_EDGES_MAX];        /* edges between two VMs */
    int data_fd[BH_COMPARTMENTS_MAX]; /* shared statics, then shadow stacks, of compartments with a
                                         share */
    int status_fd[BH_VMS_MAX];        /* can no longer be mapped writable */
    struct bh_status_page *status[BH_VMS_MAX];
    int stats_fd[BH_VMS_MAX];                    /* vm_stats.h */
    const struct vm_stats *vm_stats[BH_VMS_MAX]; /* in the supervisor */
    int notify_fd[BH_VMS_MAX];                   /* eventfds */
    int mount_directory[BH_MOUNTS_MAX];          /* until the server's process has it */
    int mount_fd[BH_MOUNTS_MAX], mount_kick[BH_MOUNTS_MAX];
    void *mount_window[BH_MOUNTS_MAX];
    int supervisor_end[BH_VMS_MAX], vm_end[BH_VMS_MAX];  /* SEQPACKET */
    int debug_end[BH_VMS_MAX], debug_vm_end[BH_VMS_MAX]; /* SEQPACKET: struct debug_request, struct debug_answer */
    int core_end[BH_VMS_MAX], dump_end[BH_VMS_MAX];      /* STREAM, for cores: core_dump.h */
};

/* Opens and makes everything. False: `p`; the process is expected to exit then. */
bool resources_make(struct resources *w, const struct appliance *a, const struct host *h, const struct run_options *o,
                    struct problem *p);

/* In VM v's process: closes everything that VM v was not granted. */
void resources_keep(struct resources *w, uint32_t v);

/* Bytes of a compartment's shared statics: whole pages. */
uint64_t statics_size(const struct resources *w, uint32_t compartment);

#endif
