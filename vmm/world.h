/* What the supervisor makes before it forks: images, shared memory, status pages, bells, sockets.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Every VM's process inherits it and, first thing, closes what its VM was not granted. */
#ifndef BH_WORLD_H
#define BH_WORLD_H

#include <sys/types.h>

#include "vmm/appliance.h"
#include "vmm/host.h"
#include "vmm/loader.h"
#include "vmm/run.h"

struct world {
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
    int bell_fd[BH_VMS_MAX];                     /* eventfds */
    int mount_directory[BH_MOUNTS_MAX];          /* until the server's process has it */
    int mount_fd[BH_MOUNTS_MAX], mount_kick[BH_MOUNTS_MAX];
    void *mount_window[BH_MOUNTS_MAX];
    int supervisor_end[BH_VMS_MAX], vm_end[BH_VMS_MAX];  /* SEQPACKET */
    int debug_end[BH_VMS_MAX], debug_vm_end[BH_VMS_MAX]; /* SEQPACKET: struct debug_request, struct debug_answer */
    int core_end[BH_VMS_MAX], dump_end[BH_VMS_MAX];      /* STREAM, for cores: core_dump.h */
};

/* Opens and makes everything. False: `p`; the process is expected to exit then. */
bool world_make(struct world *w, const struct appliance *a, const struct host *h, const struct run_options *o,
                struct problem *p);

/* In VM v's process: closes everything that VM v was not granted. */
void world_keep(struct world *w, uint32_t v);

/* ---- Who shares what: the same answer for page tables, boot information and file descriptors ---- */

bool vm_holds(const struct appliance *a, uint32_t v, uint32_t compartment);
/* Whether the statics and shadow stacks of `compartment` are mapped in VM v although it runs
 * elsewhere. */
bool vm_sees_data(const struct appliance *a, uint32_t v, uint32_t compartment);
bool vm_has_share(const struct appliance *a, uint32_t v, uint32_t share);
bool edge_crosses(const struct appliance *a, const struct edge *e);            /* between two VMs */
bool vm_has_edge(const struct appliance *a, uint32_t v, const struct edge *e); /* holds an end */
uint32_t edge_peer_vm(const struct appliance *a, uint32_t v, const struct edge *e);

/* Bytes of a compartment's shared statics (whole pages), of its stacks with guard pages, and of an
 * edge's region. */
uint64_t statics_size(const struct world *w, uint32_t compartment);
uint64_t stacks_size(const struct appliance *a, uint32_t compartment);
uint64_t edge_size(const struct edge *e);

#endif
