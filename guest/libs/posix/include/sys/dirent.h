/* Entries of a directory.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_SYS_DIRENT_H
#define BH_SYS_DIRENT_H

#include <limits.h>
#include <sys/types.h>

typedef struct posix_directory DIR;

struct dirent {
    ino_t d_ino;
    off_t d_off; /* telldir() after this entry */
    unsigned short d_reclen;
    unsigned char d_type; /* DT_* */
    char d_name[NAME_MAX + 1];
};

#define DT_UNKNOWN 0
#define DT_CHR     2
#define DT_DIR     4
#define DT_REG     8
#define DT_LNK     10

#endif
