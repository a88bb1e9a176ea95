/* Where this program finds the source tree and what was built from it.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Each is a path fixed at compile time, unless the environment variable in its comment is set. The strings live as long
 * as the process. */
#ifndef BH_VMM_BASE_PATHS_H
#define BH_VMM_BASE_PATHS_H

const char *source_root(void); /* BULKHEAD_ROOT */
const char *build_root(void);  /* BULKHEAD_BUILD */
const char *core_path(void);   /* BULKHEAD_CORE: the core's image, by default BUILD/guest/kernel/core.elf */

#endif
