/* Whose rights a process has: those of root are given up for those of nobody.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_SANDBOX_IDENTITY_H
#define BH_VMM_SANDBOX_IDENTITY_H

#include <stdbool.h>
#include <sys/types.h>

#include "vmm/base/problem.h"

/* User and group "nobody" (Documentation/admin-guide/sysctl/kernel.rst, overflowuid). No file should belong to them. */
#define SANDBOX_NOBODY 65534u

/* The user who started the program, also after sandbox_leave_root(). */
uid_t sandbox_owner(void);

/* In root's process: makes its user, groups and those of files nobody's, but keeps the capabilities, so that set-up can
 * go on. Processes that are forked afterwards can be signalled by each other whatever they still drop. Does nothing for
 * any other user, and where the user namespace has no user but root, who then is an ordinary user outside of it.
 * Before any thread is made. False: `p`, EXIT_HOST. */
bool sandbox_leave_root(struct problem *p);

/* After sandbox_leave_root() and before capabilities are dropped: files are opened and made in the name of this user
 * and group, with their rights by mode and nothing else of theirs. Does nothing if root did not start the program. */
void sandbox_open_as(uid_t user, gid_t group);

/* Ends that: files are nobody's again. This needs no capability. */
void sandbox_open_as_nobody(void);

#endif
