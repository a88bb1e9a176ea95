/* Requests to the processes of VMs, and what these report by themselves.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_GDB_VMS_H
#define BH_VMM_GDB_VMS_H

#include "vmm/gdb/gdb.h"

/* Asks VM v's process and waits for its answer, three seconds at most. False: it failed, or does not answer; *a is what
 * came. `q` gets its number here. */
bool gdb_ask(struct gdb *g, uint32_t v, struct debug_request *q, struct debug_answer *a);

/* Takes what VM v's process reported by itself, without blocking. */
void gdb_hear(struct gdb *g, uint32_t v);

bool gdb_alive(const struct gdb *g, uint32_t v); /* attached, and not ended */
bool gdb_attach(struct gdb *g, uint32_t v);
void gdb_detach(struct gdb *g, uint32_t v);

/* Stop one VM, or all; wait for that, three seconds at most for each. */
void gdb_stop(struct gdb *g, uint32_t v);
void gdb_stop_all(struct gdb *g);

void gdb_run(struct gdb *g, uint32_t v, const struct debug_going *how, uint32_t thread);

/* Tells all guests how many VMs stand still in the debugger's hands. */
void gdb_hold(struct gdb *g);

#endif
