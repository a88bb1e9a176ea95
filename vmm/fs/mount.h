/* Mounts: directories of the host, each served by a process of its own, see rpc/abi.h.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The server's process has that directory, the memory that it shares with the guest, and two eventfds. */
#ifndef BH_VMM_FS_MOUNT_H
#define BH_VMM_FS_MOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "vmm/appliance/appliance.h"
#include "vmm/base/problem.h"

struct resources;

/* The supervisor, before it forks: opens every directory, and makes memory and eventfds. False: `p`,
 * EXIT_HOST. */
bool fs_make(struct resources *w, struct problem *p);

/* The supervisor: starts the server of mount i and waits until it is confined. False: `p`. */
bool fs_start(struct resources *w, uint32_t i, pid_t *pid, struct problem *p);

/* The supervisor: the server has ended. The guest's requests fail from now on. */
void fs_died(struct resources *w, uint32_t i);

/* The process of VM v, whose KVM descriptor is `vm_fd`. Makes BH_PORT_KICK of its mounts eventfds. */
bool fs_wire(const struct resources *w, uint32_t v, int vm_fd, struct problem *p);
/* BH_HC_KICK for mount i, whose eventfd is gone where the mount is not this VM's: 0 or -errno. */
int64_t fs_kick(const struct resources *w, uint64_t i);

/* The server's own process, once it has everything (fs_process.c). Never returns. */
struct fs_process {
    int directory, proc, vm_notify, kick;
    uint8_t *window; /* BH_MOUNT_SIZE bytes */
    uint64_t va;     /* where the guest has it */
    uint64_t spin_max;
    const char *name;
    bool read_only;
};
void fs_serve(const struct fs_process *p) __attribute__((noreturn));

#endif
