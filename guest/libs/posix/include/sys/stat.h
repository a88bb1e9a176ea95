/* The C library's <sys/stat.h>, and the special times of utimensat() that it leaves out.
 * SPDX-License-Identifier: BSD-3-Clause */
#include_next <sys/stat.h>
#ifndef UTIME_NOW
#define UTIME_NOW  (-2L)
#define UTIME_OMIT (-1L)
#endif
