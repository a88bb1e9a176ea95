/* The program's parts.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef NETRAW_H
#define NETRAW_H

#include <stdint.h>

/* A driver that breaks the rules in every way it knows. `rounds` 0: as often as the device bears
 * it. Returns the exit status. */
int hostile(uint32_t rounds);

#endif
