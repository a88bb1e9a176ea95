/* A process that looks after a crash: takes cores of all VMs, writes the report, keeps both in a directory.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * DIR/NAME-DATE-TIME-PID/ holds report.txt, vmN.core and gdb.txt (commands that open them). DIR: what the user chose, else
 * $BULKHEAD_CRASH_DIR, else BUILD/crash, else ~/.local/state/bulkhead/crash, else /tmp/bulkhead-UID-crash. The newest
 * SAVER_KEPT of an appliance's are kept. */
#ifndef BH_SAVER_H
#define BH_SAVER_H

#include <sys/types.h>

#include "vmm/crash.h"
#include "vmm/world.h"

#define SAVER_KEPT     8u
#define SAVER_PATIENCE 4000000000ull  /* ns until the peers are told in any case */
#define CORE_PATIENCE  20000000000ull /* ns until a core must begin to come, and for one to be taken */

struct saver {
    pid_t pid;
    bool alive; /* the VM goes on: a deadlock */
    int looked; /* becomes readable, or ends, once the peers' stacks have been seen */
};

/* Starts it. `cores`: bit v: VM v's process was told to send its core. `dir`: NULL: by default; "none": nothing is saved.
 * False: it could not be started; then nothing has been reported. */
bool saver_start(struct saver *s, const struct world *w, const struct crash *c, uint64_t cores, const char *dir);

/* Prints a saved report; the exit status. */
int saver_print(const char *dir);

#endif
