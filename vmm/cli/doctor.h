/* `bulkhead doctor`: what this host can do.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_CLI_DOCTOR_H
#define BH_VMM_CLI_DOCTOR_H

#include <stdbool.h>

/* Prints a table, or JSON, on stdout. Returns 0 when appliances can run here, else EXIT_HOST. */
int doctor(bool json);

#endif
