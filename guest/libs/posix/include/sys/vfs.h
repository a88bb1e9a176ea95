/* What the file system has room for, under Linux's name.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_SYS_VFS_H
#define BH_SYS_VFS_H

#include <sys/statvfs.h>

struct statfs {
    long f_type; /* 0: of no kind that Linux knows */
    long f_bsize, f_frsize, f_namelen, f_flags;
    fsblkcnt_t f_blocks, f_bfree, f_bavail;
    fsfilcnt_t f_files, f_ffree;
};

int statfs(const char *path, struct statfs *st);
int fstatfs(int fd, struct statfs *st);

#endif
