/* sendfile(): from a file to a socket without a buffer of the caller's.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_SYS_SENDFILE_H
#define BH_SYS_SENDFILE_H

#include <sys/types.h>

ssize_t sendfile(int out, int in, off_t *offset, size_t count);

#endif
