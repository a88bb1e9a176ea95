/* Finds the composed form of a compartments.toml, or has the composer make it.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * An appliance lives in BUILD/appliances/NAME-HHHHHHHH/. NAME is the TOML file's name up to its first dot, or, for a
 * file called compartments.toml, its directory's name. HHHHHHHH is FNV-1a (32 bits, in hex) of the file's real path,
 * followed by a NUL byte and the "key=value" of every --set in its order. The directory's "manifest.dtb" is used if
 * none of the files that it names as inputs has changed; otherwise it is made again, under a lock on DIRECTORY/lock:
 *
 * python3 ROOT/scripts/compose build FILE --set KEY=VALUE ... --out DIRECTORY --build BUILD
 *
 * ROOT and BUILD are the source and the build directory of this program, or the environment's BULKHEAD_ROOT and
 * BULKHEAD_BUILD. */
#ifndef BH_VMM_PLAN_COMPOSE_H
#define BH_VMM_PLAN_COMPOSE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/problem.h"

struct composition {
    char manifest[PATH_MAX]; /* path */
    void *blob;              /* its contents, owned by the caller (manifest_parse() points into it) */
    size_t size;             /* bytes */
};

/* `file` is a TOML file or a manifest; a manifest is recognized by its first bytes or by a name that ends in .dtb, and
 * is used as it is. Blocks while the composer runs, which takes seconds. False: `p`. If the composer failed, its status
 * is the composer's and its text is empty, because the composer has told the user. */
bool compose(const char *file, const char *const *sets, uint32_t n_sets, struct composition *out, struct problem *p);

/* Prints as JSON on stdout what the composer finds wrong with the TOML file; nothing if it is right. */
void compose_print_errors_json(const char *file, const char *const *sets, uint32_t n_sets);

/* 32-bit FNV-1a of `size` bytes, continuing from `hash`; start with FNV_START. */
#define FNV_START 0x811c9dc5u
uint32_t fnv1a(uint32_t hash, const void *data, size_t size);

#endif
