/* Confines the processes that the supervisor forks to watch an appliance.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_SANDBOX_WATCHERS_H
#define BH_VMM_SANDBOX_WATCHERS_H

#include <stdbool.h>

#include "vmm/base/problem.h"

enum watcher {
    WATCHER_COLLECTOR, /* after a crash: writes into one directory, and reads images */
    WATCHER_SESSION,   /* a debugger's: two kinds of sockets, no file */
    WATCHER_METRICS,   /* HTTP clients of one listening socket; reads /proc */
};

/* Gives up rights for good, as sandbox_enter() does for a VM's process. The collector keeps the name of who started the
 * appliance for the files that it opens: the n images at the paths `images`, for reading, and regular files of the
 * directory `directory` (-1: none). Descriptors that are not needed were closed. False: `p`, EXIT_HOST. */
bool sandbox_watcher(enum watcher kind, const char *const *images, unsigned n, int directory, struct problem *p);

#endif
