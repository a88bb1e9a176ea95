/* The mode of fopen(), freopen() and fdopen(): takes the place of picolibc's parser (newlib/libc/tinystdio/sflags.c),
 * which does not know `x` and `e`, and of its fdopen(), which always begins at the end of a file for appending.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stdio-bufio.h>

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

/* What was written has gone to the end of the file, wherever the stream was before. */
static off_t seek_appending(FILE *f, off_t offset, int whence)
{
    struct __file_bufio *b = (struct __file_bufio *)f;
    if (b->dir == __SWR) {
        if (__bufio_flush(f) < 0)
            return -1;
        off_t at = lseek((int)(intptr_t)b->ptr, 0, SEEK_CUR);
        b->pos = at < 0 ? b->pos : at;
    }
    return __bufio_seek(f, offset, whence);
}

/* As glibc has it: a stream begins where the descriptor is, and one that can only append at the end. */
FILE *fdopen(int fd, const char *mode)
{
    int open_flags = 0, flags = __stdio_flags(mode, &open_flags), status = fcntl(fd, F_GETFL);
    bool append = open_flags & O_APPEND;
    if (!flags || status < 0)
        return NULL;
    struct __file_bufio *b = calloc(1, sizeof(*b) + BUFSIZ);
    if (!b)
        return NULL;
    if (append && !(status & O_APPEND))
        fcntl(fd, F_SETFL, status | O_APPEND);
    *b = (struct __file_bufio)FDEV_SETUP_BUFIO(fd, (char *)(b + 1), BUFSIZ, read, write, lseek, close, flags, __BFALL);
    if (append)
        b->xfile.seek = seek_appending;
    off_t at = lseek(fd, 0, append && flags == __SWR ? SEEK_END : SEEK_CUR);
    b->pos = at < 0 ? 0 : at; /* a pipe or a socket has no position */
    return &b->xfile.cfile.file;
}
