/* Building blocks of seccomp filters and Landlock rules.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_SANDBOX_RULES_H
#define BH_VMM_SANDBOX_RULES_H

#include <seccomp.h>
#include <stdbool.h>

#define RULES_COUNT(array) (sizeof(array) / sizeof(*(array)))

/* All of these: false, libseccomp failed. */
bool rules_allow(scmp_filter_ctx filter, const int *calls, unsigned n);
bool rules_allow_ioctl(scmp_filter_ctx filter, unsigned long request);
/* What malloc() and mappings need; none of it executable. */
bool rules_allow_memory(scmp_filter_ctx filter);

/* Lets this thread read the files at or beneath the n of `read`, make, change and remove regular files in the directory
 * `change`, and remove that directory itself; no other file can be opened. Needs no new privileges. Negative
 * descriptors are skipped. False: this kernel has no Landlock. */
bool rules_restrict_files(const int *read, unsigned n, int change);

#endif
