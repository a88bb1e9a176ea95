/* Shared memory of a fixed size, as a sealed memfd.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_RESOURCES_MEMORY_FILE_H
#define BH_VMM_RESOURCES_MEMORY_FILE_H

#include <stdint.h>

#include "vmm/base/problem.h"

/* Makes a memfd of `size` bytes, all zero, whose size can never change again. `seal`: F_SEAL_SEAL, or 0 if the caller
 * adds more seals. Returns the descriptor; -1: `p`, EXIT_HOST. */
int memory_file_make(const char *name, uint64_t size, int seal, struct problem *p);

/* Closes a descriptor unless it is -1, and sets it to -1. */
void memory_file_close(int *fd);

#endif
