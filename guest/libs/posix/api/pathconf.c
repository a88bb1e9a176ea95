/* Limits of files: pathconf().
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../fd/file.h"

enum { LINKS = 127, LINE = 255 }; /* what glibc says where nothing is known, and for terminals */

/* -1 with errno as it was: there is no limit, or the option is not there. */
static long limit_of(int name)
{
    switch (name) {
    case _PC_LINK_MAX:
        return LINKS;
    case _PC_MAX_CANON:
    case _PC_MAX_INPUT:
        return LINE;
    case _PC_NAME_MAX:
        return VFS_NAME_MAX;
    case _PC_PATH_MAX:
        return PATH_MAX;
    case _PC_PIPE_BUF:
        return PIPE_BUF;
    case _PC_CHOWN_RESTRICTED:
    case _PC_NO_TRUNC:
        return 1;
    case _PC_VDISABLE:
        return 0;
    case _PC_FILESIZEBITS:
        return 64;
    default:
        return name >= 0 && name <= _PC_TIMESTAMP_RESOLUTION ? -1 : px_result(-EINVAL);
    }
}

long pathconf(const char *path, int name)
{
    struct stat st;
    return stat(path, &st) == 0 ? limit_of(name) : -1;
}

long fpathconf(int fd, int name)
{
    return px_peek(fd) ? limit_of(name) : px_result(-EBADF);
}
