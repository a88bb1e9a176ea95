/* What a mount's own process does, once it has been set up and confined.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_FS_PROCESS_H
#define BH_VMM_FS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/kvm/guest_va.h"
#include "vmm/resources/crowd.h"
#include "vmm/virtio/poll_limit.h"

struct fs_process {
    int directory;      /* the one that it serves */
    int proc;           /* /proc/self/fd */
    int vm_notify;      /* eventfd: wakes the VM */
    int kick;           /* eventfd: wakes this process */
    uint8_t *window;    /* BH_MOUNT_SIZE bytes, shared with the guest */
    struct guest_va at; /* where the guest has them */
    struct poll_limit limit;
    struct crowd_member member; /* this process */
    const char *name;
    bool read_only;
    uint64_t size; /* bytes that the directory may hold; 0: no quota */
};

/* Serves the directory until the process is killed. Never returns. */
void fs_serve(struct fs_process *p) __attribute__((noreturn));

#endif
