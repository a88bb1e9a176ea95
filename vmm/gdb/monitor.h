/* GDB's `monitor` commands.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_GDB_MONITOR_H
#define BH_VMM_GDB_MONITOR_H

#include "vmm/gdb/gdb.h"

/* qRcmd: the command's words are hexadecimal. */
void gdb_monitor(struct gdb *g, const char *hex);

#endif
