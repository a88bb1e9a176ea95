/* FUSE locks: of bytes, which belong to the appliance, and of whole files, which belong to an open file.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The host's kernel keeps one record for each range of bytes, in memory that no limit of the process covers. So the
 * ranges are kept here as the kernel has them, and counted. */
#ifndef BH_VMM_FS_LOCKS_H
#define BH_VMM_FS_LOCKS_H

#include "vmm/fs/message.h"
#include "vmm/fs/nodes.h"

/* Does what the request (FUSE_GETLK, FUSE_SETLK) says, and fills the reply. 0 or a positive errno value; ENOLCK: the
 * mount would have more than FS_LOCKS_MAX ranges; EROFS: flock() that would keep others out of a read-only mount. */
int fs_lock(struct fs *f, const struct fs_request *q, struct fs_reply *r);

/* The node's descriptor was closed: the kernel has none of its ranges any more. */
void fs_forget_ranges(struct fs *f, struct fs_node *n);

#endif
