/* Starts one process per VM and mount, waits until the appliance is over, and decides the exit status.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/supervisor/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/base/boot_trace.h"
#include "vmm/base/clock.h"
#include "vmm/fs/mount.h"
#include "vmm/observe/metrics.h"
#include "vmm/sandbox/capabilities.h"
#include "vmm/sandbox/identity.h"
#include "vmm/supervisor/phase.h"
#include "vmm/supervisor/signals.h"
#include "vmm/supervisor/state.h"
#include "vmm/supervisor/status.h"

/* The messages and the collector of every VM, the signals, and connections. */
#define SOURCES_MAX (2 * BH_VMS_MAX + 1 + CONTROL_SOURCES_MAX + GDB_SOURCES_MAX)

static struct supervisor supervisor; /* large; a process has one */

static bool start_processes(struct supervisor *s, struct problem *p)
{
    s->resources.supervisor = getpid();
    fflush(NULL); /* nothing may be written twice */
    if (!sandbox_leave_root(p))
        return false;
    for (uint32_t i = 0; i < s->a->n_mounts; i++)
        if (!mount_proc_start(s, i, p))
            return false;
    for (uint32_t v = 0; v < s->a->n_vms; v++)
        if (!vm_proc_fork(&s->vms[v], p))
            return false;
    /* What is left to do needs no capabilities, in this process or in those that it forks later. Directories of crashes
     * and of the running appliance stay those of who started it. */
    sandbox_open_as(sandbox_owner(), 0);
    return sandbox_drop_capabilities() ||
           problem_set(p, EXIT_HOST, "cannot give up the rights of root: %s", strerror(errno));
}

/* What is needed before the first process is forked. */
static bool prepare_run(struct supervisor *s, const struct host *h, const struct run_options *o, sigset_t *before)
{
    struct problem *p = &s->failure;
    if (!resources_make(&s->resources, s->a, h, o, p) || !fs_make(&s->resources, p))
        return false;
    if (!loop_init(&s->loop, SOURCES_MAX))
        return problem_set(p, EXIT_HOST, "out of memory");
    if (!signals_catch(s, before, p))
        return false;
    phase_init(s);
    for (uint32_t v = 0; v < s->a->n_vms; v++)
        vm_proc_init(s, v);
    boot_trace_add("world", clock_ns());
    struct problem no_dir = {0};
    if (!rundir_make(s->a->name, &s->dir, &no_dir) && o->verbose)
        problem_print(&no_dir);
    if (gdb_listen(&s->gdb, &s->loop, &s->dir, &s->resources, p))
        return true;
    rundir_remove(&s->dir);
    return false;
}

/* Starts everything that lasts as long as the VMs do. */
static void start_run(struct supervisor *s)
{
    const struct run_options *o = s->resources.o;
    pid_t pids[BH_VMS_MAX] = {0};
    if (!start_processes(s, &s->failure))
        phase_enter(s, KILLED);
    boot_trace_add("spawned", clock_ns());
    for (uint32_t v = 0; v < s->a->n_vms; v++)
        pids[v] = s->vms[v].pid;
    s->metrics = o->metrics >= 0 ? metrics_start(o->metrics, &s->resources, pids) : 0;
    control_open(&s->control, &s->loop, &s->dir, &s->resources, pids);
}

static void end_run(struct supervisor *s, uint64_t start_ns)
{
    for (uint32_t i = 0; i < s->a->n_mounts; i++)
        mount_proc_end(&s->mounts[i]);
    if (s->resources.o->marks) {
        boot_trace_add("end", clock_ns());
        boot_trace_print(start_ns);
    }
    gdb_close(&s->gdb);
    if (s->metrics > 0) {
        kill(s->metrics, SIGKILL);
        waitpid(s->metrics, NULL, 0);
    }
    control_close(&s->control);
    rundir_remove(&s->dir);
}

static int exit_status(const struct supervisor *s)
{
    if (s->failure.status)
        return problem_print(&s->failure);
    if (s->crashed)
        return EXIT_CRASHED;
    if (s->app_ended) /* also when a signal asked it to: it may have handled that */
        return s->app_status;
    return s->stop_signal ? 128 + s->stop_signal : EXIT_CRASHED;
}

int appliance_run(const struct appliance *a, const struct host *h, const struct run_options *o)
{
    struct supervisor *s = &supervisor;
    sigset_t before;
    uint64_t start_ns = o->start_ns ? o->start_ns : clock_ns();
    boot_trace_add("run", clock_ns());
    s->a = a;
    if (!prepare_run(s, h, o, &before))
        return problem_print(&s->failure);
    start_run(s);
    while (s->n_processes || s->n_collectors) {
        loop_turn(&s->loop, LOOP_FOREVER);
        status_settle_tracing(s);
    }
    end_run(s, start_ns);
    signals_release(s, &before);
    loop_free(&s->loop);
    return exit_status(s);
}
