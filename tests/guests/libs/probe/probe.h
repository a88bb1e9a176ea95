/* A library that does what it must not; isolation tests.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef PROBE_H
#define PROBE_H

#include <stdint.h>

uint64_t probe_where(const char *name);                      /* where() of this library, see where.h */
uint64_t probe_attack(const char *action, uint64_t address); /* attack() from here */

#endif
