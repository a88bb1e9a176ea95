/* Open files of the file system in memory.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef POSIX_RAMFS_FILE_H
#define POSIX_RAMFS_FILE_H

#include "../px.h"
#include "ramfs.h"

struct rf_file {
    struct px_file file;
    struct rf_node *node; /* with a reference */
    off_t offset;
};

int rf_open_file(struct rf_node *n, int flags, struct px_file **f); /* takes over the reference to n */
struct rf_node *rf_node_of(struct px_file *f); /* NULL: not a file of this file system */

#endif
