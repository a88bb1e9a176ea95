/* Looks for instructions that write PKRU: none may be in executable pages that compartments can reach.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_MPK_SCAN_H
#define BH_VMM_MPK_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/image/loader.h"

/* Offset of the first byte of a WRPKRU or XRSTOR from `start` on, at any alignment, as `*what`
 * says; `size` if there is none. One that begins in the last bytes and would go on behind them
 * counts as none. */
size_t scan_bytes(const uint8_t *bytes, size_t size, size_t start, const char **what);

/* Scans what an image may execute; executable segments that touch are one. *va: where. False: `p`,
 * the file cannot be read. */
bool scan_image(const struct image *image, uint64_t *va, const char **what, struct problem *p);

#endif
