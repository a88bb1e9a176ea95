/* A process that looks after a crash: takes cores of all VMs, writes the report, keeps both in a directory.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * DIR/NAME-DATE-TIME-PID/ holds report.txt, vmN.core and gdb.txt (commands that open them). DIR: what the user chose,
 * else $BULKHEAD_CRASH_DIR, else BUILD/crash, else ~/.local/state/bulkhead/crash, else /tmp/bulkhead-UID-crash. The
 * newest COLLECTOR_KEPT of an appliance's are kept. */
#ifndef BH_VMM_CRASH_COLLECTOR_H
#define BH_VMM_CRASH_COLLECTOR_H

#include <sys/types.h>

#include "vmm/vm/crash.h"
#include "vmm/resources/resources.h"

#define COLLECTOR_KEPT     8u
#define COLLECTOR_PATIENCE 4000000000ull  /* ns until the peers are told in any case */
#define CORE_PATIENCE      20000000000ull /* ns for one VM's core */

struct collector {
    pid_t pid;
    bool alive; /* the VM goes on: a deadlock */
    int looked; /* becomes readable, or ends, once the peers' stacks have been seen */
};

/* Starts it. `cores`: bit v: VM v's process was told to send its core. `dir`: NULL: by default; "none": nothing is
 * saved. False: it could not be started; then nothing has been reported. */
bool collector_start(struct collector *s, const struct resources *w, const struct crash *c, uint64_t cores,
                     const char *dir);

/* Prints a saved report; the exit status. */
int collector_print(const char *dir);

#endif
