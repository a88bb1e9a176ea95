/* Looks for instructions that write PKRU. None may be in executable pages that compartments can reach.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_MPK_SCAN_H
#define BH_VMM_MPK_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/image/loader.h"

/* Finds the first WRPKRU or XRSTOR from `start` on, at any alignment, and returns the offset of its first byte, or
 * `size` if there is none. *what is the instruction's name. One that would go on behind the last byte does not
 * count. */
size_t scan_bytes(const uint8_t *bytes, size_t size, size_t start, const char **what);

/* Scans the executable segments of an image, as one where they touch. *what is the instruction's name or NULL, *va
 * where it is. False: the file cannot be read. */
bool scan_image(const struct image *image, uint64_t *va, const char **what, struct problem *p);

#endif
