/* What the files of this program share.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef SAME_AS_NATIVE_H
#define SAME_AS_NATIVE_H

#include <errno.h>
#include <stdio.h>

/* Prints what `call` returned, and the name of its error if that is -1. */
#define SHOW(call)                                                                                  \
    do {                                                                                            \
        errno = 0;                                                                                  \
        long long shown_result = (long long)(call);                                                 \
        printf("%s = %lld %s\n", #call, shown_result, shown_result == -1 ? error_name(errno) : ""); \
    } while (0)

const char *error_name(int error); /* its number differs between C libraries */

void show_limits(void);
void show_memory(void);
void show_old_times(void);
void show_slashes(void);
void show_stdio_modes(void);

#endif
