/* The threads of VMs, as GDB is told of them.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_GDB_THREADS_H
#define BH_VMM_GDB_THREADS_H

#include <stdio.h>

#include "vmm/gdb/gdb.h"

/* Asks for VM v's threads: a->threads, a->size, which have been checked. False: it does not answer. */
bool gdb_threads(struct gdb *g, uint32_t v, struct debug_answer *a);

/* Names the compartment in which a thread of VM v is. */
const char *gdb_thread_compartment(const struct appliance *a, uint32_t v, const struct debug_thread *t);
const char *gdb_thread_state(const struct debug_thread *t); /* "runs" */

/* qXfer:threads. */
void gdb_threads_xml(struct gdb *g, FILE *out);

#endif
