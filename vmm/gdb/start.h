/* `bulkhead gdb`: GDB on a running appliance.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_GDB_START_H
#define BH_VMM_GDB_START_H

#include <stdint.h>

struct gdb_options {
    const char *file;        /* names the running appliance; NULL: any */
    const char *compartment; /* to begin at; NULL: any */
    const char **arguments;  /* more of them for gdb */
    uint32_t n_arguments;
};

/* Becomes gdb. Returns an exit status only if that fails. */
int gdb_start(const struct gdb_options *o);

#endif
