/* The connection to GDB.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_GDB_CONNECTION_H
#define BH_VMM_GDB_CONNECTION_H

#include "vmm/gdb/gdb.h"

/* Sends bytes as they are; blocks. If GDB is gone, the session is over. */
void gdb_send_bytes(struct gdb *g, const char *bytes, size_t size);

#endif
