/* Reads an appliance's manifest, a flattened device tree written by the composer.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The manifest is untrusted input: the length of every property and the range of every number are checked, and indices
 * have to be dense and unique. docs/architecture.md, "The manifest", describes the format. */
#ifndef BH_VMM_APPLIANCE_MANIFEST_H
#define BH_VMM_APPLIANCE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/appliance/appliance.h"
#include "vmm/base/problem.h"

/* Fills `a` from the `size` bytes at `blob`, which are aligned to 8. `a` points into `blob`, which must outlive it;
 * arrays are allocated, and manifest_release() frees them, also after a failure. `path` is the manifest's file: it
 * appears in messages, and relative image paths are relative to its directory. False: `p` names node and property. */
bool manifest_parse(const void *blob, size_t size, const char *path, struct appliance *a, struct problem *p);
void manifest_release(struct appliance *a);

#endif
