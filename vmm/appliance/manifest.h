/* Reads an appliance's manifest, a flattened device tree written by the composer.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The input counts as hostile: every property's length and every number's range is checked, indices
 * have to be dense and unique. The format is in docs/architecture.md, "The manifest". */
#ifndef BH_VMM_APPLIANCE_MANIFEST_H
#define BH_VMM_APPLIANCE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/appliance/appliance.h"
#include "vmm/base/problem.h"

/* Fills `a` from the `size` bytes at `blob` (8-byte aligned). `a` points into `blob`, which must
 * outlive it; arrays are allocated, manifest_release() frees them (also after a failure). `path`,
 * the manifest's file, appears in messages, and relative image paths are relative to its directory.
 * False: `p` holds one line that names node and property. */
bool manifest_parse(const void *blob, size_t size, const char *path, struct appliance *a, struct problem *p);
void manifest_release(struct appliance *a);

#endif
