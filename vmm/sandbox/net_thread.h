/* What the network device's thread may do once it is confined.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_SANDBOX_NET_THREAD_H
#define BH_VMM_SANDBOX_NET_THREAD_H

#include <seccomp.h>
#include <stdbool.h>

#define SANDBOX_SOCKETS 16640u /* descriptors of a process with user-mode networking, at most */

/* Lets this thread read /etc/resolv.conf and no other file, by Landlock. False: this kernel cannot do that; then the
 * filter has to forbid all files, and libslirp's DNS does not work. */
bool sandbox_net_files(void);

/* Add the rules for either back end. False: libseccomp failed. */
bool sandbox_net_tap(scmp_filter_ctx filter);
bool sandbox_net_user(scmp_filter_ctx filter, bool files);

#endif
