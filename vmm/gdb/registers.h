/* GDB's registers of x86-64: their numbers, sizes and description.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_GDB_REGISTERS_H
#define BH_VMM_GDB_REGISTERS_H

#include <stdio.h>

#include "vmm/vm/debug.h"

#define GDB_REGISTERS_MAX 76u
#define GDB_RBP           6u
#define GDB_RSP           7u
#define GDB_RIP           16u
uint32_t gdb_registers(bool keyed); /* how many */
uint32_t gdb_register_size(uint32_t n);
/* False: its value is not known (then `to` is zeros). */
bool gdb_register_get(const struct debug_registers *r, uint32_t n, uint8_t *to);
void gdb_register_set(struct debug_registers *r, uint32_t n, const uint8_t *from);
void gdb_target_xml(FILE *out, bool keyed);

#endif
