/* What the supervisor makes before it forks: images, shared memory, and the resources of each VM.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Every VM's process inherits it and, first thing, closes what its VM was not granted. */
#ifndef BH_VMM_RESOURCES_RESOURCES_H
#define BH_VMM_RESOURCES_RESOURCES_H

#include <sys/types.h>

#include "vmm/appliance/topology.h"
#include "vmm/image/loader.h"
#include "vmm/kvm/host.h"
#include "vmm/resources/crowd.h"
#include "vmm/resources/run_options.h"
#include "vmm/resources/vm_resources.h"

struct compartment_resources {
    struct image image;
    int data_fd; /* shared statics, then shadow stacks, of a compartment with a share; -1: none */
};

/* Made by vmm/fs/mount.c. */
struct mount_resources {
    int directory; /* until the server's process has it */
    int fd;        /* of the window */
    int kick;      /* eventfd */
    void *window;  /* in the supervisor */
};

struct resources {
    const struct appliance *a;
    const struct host *h;
    const struct run_options *o;
    pid_t supervisor;
    struct image core;
    struct compartment_resources compartments[BH_COMPARTMENTS_MAX];
    struct vm_resources vms[BH_VMS_MAX];
    struct mount_resources mounts[BH_MOUNTS_MAX];
    struct crowd *crowd; /* mapped in every process */
    /* Sealed memfds; -1: none. */
    int crowd_fd;
    int share_fd[BH_SHARES_MAX];
    int edge_fd[BH_EDGES_MAX]; /* edges between two VMs */
};

/* Opens and makes everything but the mounts' part. False: `p`; the process is expected to exit then. */
bool resources_make(struct resources *r, const struct appliance *a, const struct host *h, const struct run_options *o,
                    struct problem *p);

/* In VM v's process: closes everything that VM v was not granted. */
void resources_keep(struct resources *r, uint32_t v);

/* Bytes of a compartment's shared statics: whole pages. */
uint64_t statics_size(const struct resources *r, uint32_t compartment);

#endif
