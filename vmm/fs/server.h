/* The server of one mount: FUSE messages about one directory of the host.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The guest sends the messages, and it is not trusted: each one is copied into private memory once and checked there.
 * Everything runs on one thread; messages are answered in order. */
#ifndef BH_VMM_FS_SERVER_H
#define BH_VMM_FS_SERVER_H

#include "vmm/fs/nodes.h"
#include "vmm/fs/message.h"

/* Answers one message. Returns how many bytes of the answer were written to `out`; 0: there is none. */
size_t fs_handle(struct fs *f, const struct iovec *in, unsigned n_in, const struct iovec *out, unsigned n_out);

#endif
