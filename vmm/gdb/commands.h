/* GDB's packets.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_GDB_COMMANDS_H
#define BH_VMM_GDB_COMMANDS_H

#include "vmm/gdb/gdb.h"

/* Acts on the contents of one packet, after which a NUL follows. */
void gdb_command(struct gdb *g, const char *data, size_t size);

#endif
