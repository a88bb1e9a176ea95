/* Mounts: directories of the host, each served by a process of its own, see rpc/abi.h.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The server's process has that directory, the memory that it shares with the guest, and two eventfds. */
#ifndef BH_FS_H
#define BH_FS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "vmm/appliance.h"
#include "vmm/problem.h"

struct vm;
struct world;

/* Whether mount i belongs to VM v. */
bool fs_in_vm(const struct appliance *a, uint32_t v, uint32_t i);

/* The supervisor, before it forks: opens every directory, and makes memory and eventfds. False: `p`,
 * EXIT_HOST. */
bool fs_make(struct world *w, struct problem *p);

/* The supervisor: starts the server of mount i and waits until it is confined. False: `p`. */
bool fs_start(struct world *w, uint32_t i, pid_t *pid, struct problem *p);

/* The supervisor: the server has ended. The guest's requests fail from now on. */
void fs_died(struct world *w, uint32_t i);

/* The VM's process. Makes BH_PORT_KICK of its mounts eventfds. */
bool fs_wire(struct vm *vm, struct problem *p);
/* BH_HC_NET_KICK for a mount: 0 or -errno. */
int64_t fs_kick(struct vm *vm, uint64_t i);

/* The server's own process, once it has everything (fs_process.c). Never returns. */
struct fs_process {
    int directory, proc, bell, kick;
    uint8_t *window; /* BH_MOUNT_SIZE bytes */
    uint64_t va;     /* where the guest has it */
    uint64_t spin_max;
    const char *name;
    bool read_only;
};
void fs_serve(const struct fs_process *p) __attribute__((noreturn));

#endif
