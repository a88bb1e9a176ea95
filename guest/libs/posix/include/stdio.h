/* The C library's <stdio.h>, and what it leaves out.
 * SPDX-License-Identifier: BSD-3-Clause */
#include_next <stdio.h>
#ifndef BH_STDIO_H
#define BH_STDIO_H

int renameat(int from_dir, const char *from, int to_dir, const char *to);
FILE *popen(const char *command, const char *mode); /* fails */
int pclose(FILE *stream);                           /* fails */

#endif
