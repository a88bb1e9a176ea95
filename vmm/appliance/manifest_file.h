/* A manifest as a file: reading it, and whether it is still up to date.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_APPLIANCE_MANIFEST_FILE_H
#define BH_VMM_APPLIANCE_MANIFEST_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "vmm/base/problem.h"

#define MANIFEST_BYTES_MAX (16u << 20)

/* Reads the whole file; the caller frees the result. NULL: `p` is set. */
void *manifest_load(const char *path, size_t *size, struct problem *p);

/* Whether the files that the manifest was made from still have the time of change and the size that it says. Relative
 * paths among them are relative to `root`. False as well when the blob is no manifest: then it has to be made again. */
bool manifest_is_fresh(const void *blob, size_t size, const char *root);

#endif
