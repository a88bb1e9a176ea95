/* Mounts: directories of the host, each served by a process of its own.
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

/* For the supervisor, before it forks: opens every directory, and makes memory and eventfds. False: `p`, EXIT_HOST. */
bool fs_make(struct resources *w, struct problem *p);

/* For the supervisor: starts the server of mount i and waits until it is confined. False: `p`. */
bool fs_start(struct resources *w, uint32_t i, pid_t *pid, struct problem *p);

/* For the supervisor, after the server of mount i ended: makes the guest's requests fail from now on. */
void fs_died(struct resources *w, uint32_t i);

/* For the process of VM v, whose KVM descriptor is `vm_fd`: lets BH_PORT_KICK notify the eventfds of its mounts. */
bool fs_wire(const struct resources *w, uint32_t v, int vm_fd, struct problem *p);

/* BH_HC_KICK for mount i; its eventfd is closed if the mount is not this VM's. 0 or -errno. */
int64_t fs_kick(const struct resources *w, uint64_t i);

#endif
