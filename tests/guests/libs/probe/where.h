/* Addresses to attack, and the attacks; compiled into the isolation application and into its libraries.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef WHERE_H
#define WHERE_H

#include <stdbool.h>
#include <stdint.h>

/* Address of something of the calling compartment ("heap"), or of what is at the same place for everybody ("boot");
 * UINT64_MAX: unknown name. */
uint64_t where(const char *name);

/* Does `action` to `address`; survives only where nothing is wrong with it: then a value that says so, mostly 0.
 * "read", "write", "exec"; all other names: attacks.c, hypercalls.c; those ignore the address. */
uint64_t attack(const char *action, uint64_t address);

/* Makes hypercalls with bad arguments; how many did not give the right error. */
unsigned bad_hypercalls(bool application);
unsigned lying_reports(void);

#endif
