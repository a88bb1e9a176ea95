/* The C library's <utime.h>, and the function that it leaves out.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <sys/types.h>
#include_next <utime.h>
#ifndef BH_UTIME_H
#define BH_UTIME_H

int utime(const char *path, const struct utimbuf *times);

#endif
