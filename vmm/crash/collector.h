/* A process that looks after a crash: takes cores of all VMs, writes the report, keeps both in a directory
 * (vmm/crash/crash_directory.h).
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_CRASH_COLLECTOR_H
#define BH_VMM_CRASH_COLLECTOR_H

#include <sys/types.h>

#include "vmm/resources/resources.h"
#include "vmm/vm/crash.h"

#define COLLECTOR_PATIENCE 4000000000ull  /* ns until the peers are told in any case */
#define COREDUMP_PATIENCE  20000000000ull /* ns until a core must begin to come, and for one to be taken */

struct collector {
    pid_t pid;
    int looked; /* has a byte once the peers may be told of the crash, and ends once all cores have been taken */
};

/* Starts it. `cores`: bit v: VM v's process was told to send its core. `dir`: as for crash_directory_make(). False: it
 * could not be started; then nothing has been reported. */
bool collector_start(struct collector *s, const struct resources *r, const struct crash *c, uint64_t cores,
                     const char *dir);

#endif
