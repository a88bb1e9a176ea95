/* GDB's q packets.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_GDB_QUERY_H
#define BH_VMM_GDB_QUERY_H

#include "vmm/gdb/gdb.h"

void gdb_query(struct gdb *g, const char *at); /* `at`: what follows the letter */

#endif
