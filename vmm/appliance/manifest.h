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

#define MANIFEST_BYTES_MAX (16u << 20)

/* Fills `a` from the `size` bytes at `blob` (8-byte aligned). `a` points into `blob`, which must
 * outlive it; arrays are allocated, manifest_release() frees them (also after a failure). `path`,
 * the manifest's file, appears in messages, and relative image paths are relative to its directory.
 * False: `p` holds one line that names node and property. */
bool manifest_parse(const void *blob, size_t size, const char *path, struct appliance *a, struct problem *p);
void manifest_release(struct appliance *a);

/* Reads the whole file; the caller frees the result. NULL: `p` is set. */
void *manifest_load(const char *path, size_t *size, struct problem *p);

/* Are the files that the manifest was made from still the same (time of change and size, by stat)?
 * Relative paths among them are relative to `root`. False as well when the blob is no manifest:
 * then it has to be made anew. */
bool manifest_is_fresh(const void *blob, size_t size, const char *root);

#endif
