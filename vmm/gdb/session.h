/* A GDB that is connected.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_GDB_SESSION_H
#define BH_VMM_GDB_SESSION_H

#include "vmm/resources/resources.h"

/* The whole session on connection `fd`; returns when it is over and every VM runs again. `hardware`: this host has
 * hardware breakpoints (vmm/kvm/probe_breakpoints.h). */
void gdb_serve(const struct resources *r, int fd, bool hardware);

#endif
