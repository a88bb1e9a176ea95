/* Where GDB connects to a running appliance: the supervisor's side.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * GDB connects to the socket "gdb.sock" in the appliance's directory (vmm/observe/rundir.h), which only its user can
 * reach, and to a port of 127.0.0.1 if one was asked for. Each connection gets a process, one at a time; when it ends,
 * for whatever reason, every VM is told to run on. None of this blocks. */
#ifndef BH_VMM_GDB_LISTEN_H
#define BH_VMM_GDB_LISTEN_H

#include "vmm/base/acceptor.h"
#include "vmm/base/loop.h"
#include "vmm/observe/rundir.h"
#include "vmm/resources/resources.h"

#define GDB_SOCKET "gdb.sock"
#define GDB_SCRIPT "gdb.script" /* GDB's commands to connect with everything prepared */
#define GDB_FILE   "appliance"  /* real path of what is run, a newline */

#define GDB_SOURCES_MAX 2u /* that it adds to the loop */

struct gdb_listener;
struct gdb_door {
    struct gdb_listener *listener;
    int fd; /* -1: none */
    struct acceptor acceptor;
};

struct gdb_listener {
    const struct resources *resources;
    struct loop *loop;
    struct gdb_door socket, port;
    pid_t session; /* 0: none */
};

/* Starts a session for each connection from the loop from now on. Without a directory or a socket nobody can connect;
 * with o->debug that is an error, and the line to connect with is printed. False: `p`. */
bool gdb_listen(struct gdb_listener *l, struct loop *loop, const struct rundir *dir, const struct resources *r,
                struct problem *p);

/* Children may have ended: takes the session's end. */
void gdb_reap(struct gdb_listener *l);

/* The appliance is over: gives a session the time to say so, then ends it. Waits for that, half a second at most. */
void gdb_close(struct gdb_listener *l);

#endif
