/* GDB's packets about registers and memory; `at`: what follows the packet's letter.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_GDB_ACCESS_H
#define BH_VMM_GDB_ACCESS_H

#include "vmm/gdb/gdb.h"

void gdb_get_registers(struct gdb *g);                 /* g */
void gdb_set_registers(struct gdb *g, const char *at); /* G */
void gdb_get_register(struct gdb *g, const char *at);  /* p */
void gdb_set_register(struct gdb *g, const char *at);  /* P */
void gdb_read_memory(struct gdb *g, const char *at);   /* m */
/* M, X (binary). `end`: of the packet. */
void gdb_write_memory(struct gdb *g, const char *at, const char *end, bool binary);

/* Whether the VM that GDB looks at has protection keys, and with them PKRU. */
bool gdb_has_keys(const struct gdb *g);

#endif
