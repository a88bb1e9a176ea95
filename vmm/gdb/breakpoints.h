/* GDB's packets about breakpoints and watchpoints.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_GDB_BREAKPOINTS_H
#define BH_VMM_GDB_BREAKPOINTS_H

#include "vmm/gdb/gdb.h"

void gdb_breakpoint(struct gdb *g, const char *at, bool insert); /* Z, z */

#endif
