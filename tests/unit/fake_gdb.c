/* A supervisor's tests have no debugger.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/gdb/listen.h"

bool gdb_listen(struct gdb_listener *l, const struct rundir *dir, const struct resources *w, struct problem *p)
{
    *l = (struct gdb_listener){.w = w, .fds = {-1, -1}};
    (void)dir, (void)p;
    return true;
}

void gdb_fds(const struct gdb_listener *l, struct pollfd *fds)
{
    for (unsigned i = 0; i < GDB_FDS; i++)
        fds[i] = (struct pollfd){.fd = l->fds[i]};
}

void gdb_accept(struct gdb_listener *l, const struct pollfd *fds)
{
    (void)l, (void)fds;
}

void gdb_reap(struct gdb_listener *l)
{
    (void)l;
}

void gdb_close(struct gdb_listener *l)
{
    (void)l;
}
