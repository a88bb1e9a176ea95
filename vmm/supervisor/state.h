/* Everything that the supervisor knows of the appliance that it runs.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_SUPERVISOR_STATE_H
#define BH_VMM_SUPERVISOR_STATE_H

#include "vmm/base/loop.h"
#include "vmm/gdb/listen.h"
#include "vmm/observe/control.h"
#include "vmm/observe/rundir.h"
#include "vmm/resources/resources.h"
#include "vmm/supervisor/mount_proc.h"
#include "vmm/supervisor/vm_proc.h"

enum phase {
    RUNNING,
    ASKED,  /* a signal came: the application was asked to end */
    ENDING, /* the application is gone: processes were told to end */
    KILLED, /* no more patience */
};

struct supervisor {
    struct resources resources;
    const struct appliance *a;
    struct loop loop;
    struct vm_proc vms[BH_VMS_MAX];
    uint32_t n_processes; /* of VMs, not reaped */
    uint32_t n_collectors;
    struct mount_proc mounts[BH_MOUNTS_MAX];
    pid_t metrics; /* its server's process; 0: none */

    enum phase phase;
    struct loop_timer patience; /* the phase has no longer than this */
    int signals;                /* signalfd */
    struct loop_source signal_source;
    int stop_signal; /* the first one, or 0 */

    /* What decides the exit status. */
    bool crashed, app_ended;
    int app_status;
    struct problem failure; /* of a VM that could not start */

    bool deadlock; /* one has been reported */
    struct control control;
    bool tracing; /* what the guests were told */
    struct gdb_listener gdb;
    struct rundir dir; /* where commands find this appliance; none: it runs all the same */
};

#endif
