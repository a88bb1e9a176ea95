/* A supervisor's tests have no debugger.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/gdb/listen.h"

bool gdb_listen(struct gdb_listener *l, struct loop *loop, const struct rundir *dir, const struct resources *r,
                struct problem *p)
{
    *l = (struct gdb_listener){.resources = r, .loop = loop};
    (void)dir, (void)p;
    return true;
}

void gdb_reap(struct gdb_listener *l)
{
    (void)l;
}

void gdb_close(struct gdb_listener *l)
{
    (void)l;
}
