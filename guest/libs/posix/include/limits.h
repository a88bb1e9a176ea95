/* The C library's limits, and one that it leaves out.
 * SPDX-License-Identifier: BSD-3-Clause */
#include_next <limits.h>
#ifndef SSIZE_MAX
#define SSIZE_MAX __LONG_MAX__
#endif
