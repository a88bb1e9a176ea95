/* Where GDB connects to a running appliance: the supervisor's side.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Socket "gdb.sock" in the appliance's directory (vmm/observe/rundir.h), which only its user can reach; and a port of 127.0.0.1
 * when that was asked for. Each connection gets a process, one at a time; when it ends, however it does, every VM is
 * told to run on. None of this blocks. */
#ifndef BH_VMM_GDB_LISTEN_H
#define BH_VMM_GDB_LISTEN_H

#include <poll.h>

#include "vmm/observe/rundir.h"
#include "vmm/resources/resources.h"

#define GDB_SOCKET "gdb.sock"
#define GDB_SCRIPT "gdb.script" /* GDB's commands to connect with everything prepared */
#define GDB_FILE   "appliance"  /* real path of what is run, a newline */
#define GDB_FDS    2u

struct gdb_listener {
    const struct resources *w;
    int fds[GDB_FDS]; /* -1: none */
    pid_t session;    /* 0: none */
};

/* Without a directory or a socket nobody can connect; with o->debug that is an error, and the line to connect with is
 * printed. */
bool gdb_listen(struct gdb_listener *l, const struct rundir *dir, const struct resources *w, struct problem *p);

/* What to wait for: GDB_FDS entries. Then, with their results: starts a session. */
void gdb_fds(const struct gdb_listener *l, struct pollfd *fds);
void gdb_accept(struct gdb_listener *l, const struct pollfd *fds);

/* Children may have ended: takes the session's end. */
void gdb_reap(struct gdb_listener *l);

/* The appliance is over: gives a session the time to say so, then ends it. Waits for that, half a second at most. */
void gdb_close(struct gdb_listener *l);

#endif
