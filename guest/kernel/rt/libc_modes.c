/* The mode of fopen(), freopen() and fdopen(): takes the place of picolibc's parser (newlib/libc/tinystdio/sflags.c),
 * which does not know `x` and `e`.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

int __stdio_flags(const char *mode, int *open_flags);

/* Returns the flags of the stream, and stores those of open(). 0: EINVAL. */
int __stdio_flags(const char *mode, int *open_flags)
{
    int access = strchr(mode, '+') ? O_RDWR : *mode == 'r' ? O_RDONLY : O_WRONLY, how;
    switch (*mode) {
    case 'r':
        how = 0;
        break;
    case 'w':
        how = O_CREAT | O_TRUNC;
        break;
    case 'a':
        how = O_CREAT | O_APPEND;
        break;
    default:
        errno = EINVAL;
        return 0;
    }
    how |= strchr(mode, 'x') ? O_EXCL : 0;
    how |= strchr(mode, 'e') ? O_CLOEXEC : 0;
    *open_flags = access | how;
    return access == O_RDWR ? __SRD | __SWR : access == O_RDONLY ? __SRD : __SWR;
}
