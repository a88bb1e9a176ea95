/* Machine code in words.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_CRASH_INSTRUCTION_H
#define BH_VMM_CRASH_INSTRUCTION_H

#include <stddef.h>
#include <stdint.h>

#define INSTRUCTION_MAX 15u /* bytes (Intel SDM vol. 2A, 2.3.11) */

/* The first instruction of `bytes` (at address `at` of the guest; any bytes, the guest's) in AT&T syntax, as GDB has
 * it, into `text`. Its length; 0, and an empty text: it is none, or not all of it is there. */
size_t instruction_text(const uint8_t *bytes, size_t n, uint64_t at, char *text, size_t size);

#endif
