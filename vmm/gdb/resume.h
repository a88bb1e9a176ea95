/* Going on (vCont), and what stopped.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_GDB_RESUME_H
#define BH_VMM_GDB_RESUME_H

#include "vmm/gdb/gdb.h"

void gdb_vcont(struct gdb *g, const char *actions); /* what follows "vCont" */
void gdb_question(struct gdb *g);                   /* ? */
void gdb_vstopped(struct gdb *g);                   /* vStopped */
void gdb_interrupt(struct gdb *g);                  /* Ctrl-C, vCtrlC */

/* All-stop mode, while GDB waits for a stop: tells it of one if there is one. */
void gdb_report(struct gdb *g);

/* Non-stop mode: notifies GDB of a stop if there is one, and the last notification has been answered. */
void gdb_notify(struct gdb *g);

#endif
