/* Open files and clients.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef VFS_FILE_H
#define VFS_FILE_H

#include "node.h"

/* One that has attached; it owns locks of bytes. */
struct vfs_client {
    uint32_t files;  /* open ones */
    uint32_t number; /* bh_caller() */
};

struct vfs_file {
    struct vfs_client *client;
    struct vfs_node *node; /* with a reference */
    void *handle;          /* the tree's own; NULL for VFS_O_PATH */
    uint32_t flags;
};

#endif
