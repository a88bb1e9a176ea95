/* FUSE operations on names and attributes.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_FS_NAMES_H
#define BH_VMM_FS_NAMES_H

#include "vmm/fs/message.h"
#include "vmm/fs/nodes.h"

/* Does what the request's opcode says, and fills the reply. 0 or a positive errno value. */
int fs_names(struct fs *f, struct fs_request *q, struct fs_reply *r);

#endif
