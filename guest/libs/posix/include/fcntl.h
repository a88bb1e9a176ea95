/* The C library's <fcntl.h>, and what it leaves out: advice, and room made in advance.
 * SPDX-License-Identifier: BSD-3-Clause */
#include_next <fcntl.h>
#ifndef BH_FCNTL_H
#define BH_FCNTL_H

#define POSIX_FADV_NORMAL     0
#define POSIX_FADV_RANDOM     1
#define POSIX_FADV_SEQUENTIAL 2
#define POSIX_FADV_WILLNEED   3
#define POSIX_FADV_DONTNEED   4
#define POSIX_FADV_NOREUSE    5

/* These return an error number and leave errno alone. */
int posix_fallocate(int fd, off_t offset, off_t size);
int posix_fadvise(int fd, off_t offset, off_t size, int advice);

#endif
