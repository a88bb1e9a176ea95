/* The quota of a mount (mounts.NAME.size): how much its directory may hold.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * What counts is the size of each file, holes included, rounded up to FS_NAME_CHARGE, and FS_NAME_CHARGE for each name.
 * Files without a name count as long as the guest has them. Growth is added up as it happens. When the sum reaches the
 * quota, everything is counted again, so that what became smaller, or what others on the host did, is taken into
 * account. */
#ifndef BH_VMM_FS_QUOTA_H
#define BH_VMM_FS_QUOTA_H

#include "vmm/fs/nodes.h"

#define FS_NAME_CHARGE 4096u /* bytes */

/* Before something grows by `bytes`. 0, or ENOSPC: the quota does not allow it. Counts all files if it has to, which
 * takes as long as listing them. */
int fs_charge(struct fs *f, uint64_t bytes);

/* The same before an open file gets `size` bytes at `offset`, or at its end (`append`). */
int fs_charge_growth(struct fs *f, int fd, uint64_t offset, uint64_t size, bool append);

/* Something may become smaller: the next count need not wait. */
void fs_freed(struct fs *f);

/* What statfs() says about room, if there is a quota. */
void fs_quota_room(struct fs *f, struct fuse_kstatfs *st);

#endif
