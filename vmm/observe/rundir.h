/* Where running appliances are found: a directory of the user's own, with one subdirectory for each.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * BASE/NAME-PID/, mode 0700, holds the sockets that the supervisor PID listens on, and `lock`, which it holds locked as
 * long as it lives. BASE: $BULKHEAD_RUNTIME_DIR, else $XDG_RUNTIME_DIR/bulkhead, else (root) /run/bulkhead, else
 * /tmp/bulkhead-UID. A BASE that is not a directory of this user's alone is refused. Nothing here blocks. */
#ifndef BH_VMM_OBSERVE_RUNDIR_H
#define BH_VMM_OBSERVE_RUNDIR_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "vmm/base/problem.h"

#define RUNDIR_NAME_MAX 64u
#define RUNDIR_LIST_MAX 256u

struct rundir {
    char path[PATH_MAX];        /* of the appliance's directory; "": there is none */
    char name[RUNDIR_NAME_MAX]; /* NAME-PID */
    pid_t pid;                  /* the supervisor */
    int lock;                   /* supervisor only: closed at exec, and by every child for itself */
};

/* Makes the calling process's directory. `appliance`: its name; anything but letters, digits, '.', '_' and '-' becomes
 * '_'. False: `p`, EXIT_HOST; an appliance can run without. */
bool rundir_make(const char *appliance, struct rundir *r, struct problem *p);

/* Removes it and everything in it; only in the process that made it. */
void rundir_remove(struct rundir *r);

/* Those of appliances that run, at most RUNDIR_LIST_MAX; how many. What dead ones left behind is removed. */
unsigned rundir_list(struct rundir *list);

/* The one appliance that `which` names: by NAME, PID, NAME-PID; NULL: the only one that runs. False: `p` says which
 * there are, EXIT_USAGE. */
bool rundir_choose(const char *which, struct rundir *r, struct problem *p);

/* UNIX sockets in it, by name; `type`: SOCK_STREAM or SOCK_SEQPACKET; with SOCK_CLOEXEC. -1: errno. */
int rundir_listen(const struct rundir *r, const char *socket, int type);
int rundir_connect(const struct rundir *r, const char *socket, int type);

#endif
