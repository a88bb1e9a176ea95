/* What the network device's thread may still do.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_SANDBOX_NET_THREAD_H
#define BH_VMM_SANDBOX_NET_THREAD_H

#include <seccomp.h>
#include <stdbool.h>

#define SANDBOX_SOCKETS 16384u /* descriptors of a process with user-mode networking, at most */

/* Leaves this thread /etc/resolv.conf, to read, and no other file (Landlock). False: this kernel
 * cannot; then the filter has to keep all files away, and libslirp's DNS does not work. */
bool sandbox_net_files(void);

/* Rules for either back end. False: libseccomp failed. */
bool sandbox_net_tap(scmp_filter_ctx filter);
bool sandbox_net_user(scmp_filter_ctx filter, bool files);

#endif
