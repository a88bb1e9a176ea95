/* Hosted tests of the supervisor against processes of VMs that were taken over.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "vmm/fs/mount.h"
#include "vmm/crash/report.h"
#include "vmm/observe/metrics.h"
#include "vmm/crash/collector.h"
#include "vmm/supervisor/supervisor.h"
#include "vmm/vm/vm.h"

#define REFUSED 50 /* exit status: the supervisor printed too much */

static struct appliance a;
static uint32_t printed;
static void (*vm_does[2])(int supervisor);

/* ---- What other files would provide ---- */
void report_crash(const struct appliance *app, const char *core, const struct crash *c)
{
    (void)app, (void)core, (void)c;
    if (++printed > 2 * REPORTS_BURST)
        _exit(REFUSED);
}

/* Crashes are not looked after, so that the supervisor reports them at once. A deadlock is, for a while. */
bool collector_start(struct collector *collector, const struct resources *r, const struct crash *c, uint64_t cores,
                     const char *dir)
{
    if (c->kind != CRASH_DEADLOCK)
        return false;
    collector->looked = open("/dev/null", O_RDONLY);
    collector->pid = fork();
    if (collector->pid == 0) {
        usleep(400000);
        _exit(0);
    }
    return true;
}

bool resources_make(struct resources *w, const struct appliance *app, const struct host *h, const struct run_options *o,
                    struct problem *p)
{
    (void)p;
    memset(w, 0xff, sizeof(*w));
    w->a = app;
    w->h = h;
    w->o = o;
    static struct crowd crowd;
    w->crowd = &crowd;
    for (uint32_t v = 0; v < app->n_vms; v++) {
        int ends[2];
        static const struct vm_stats stats = {.idle = 1};
        w->vms[v].stats = &stats;
        w->vms[v].status = calloc(1, PAGE);
        w->vms[v].notify_fd = eventfd(0, EFD_NONBLOCK);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends))
            abort();
        w->vms[v].messages.supervisor = ends[0];
        w->vms[v].messages.vm = ends[1];
    }
    return true;
}

bool fs_make(struct resources *w, struct problem *p)
{
    (void)w;
    (void)p;
    return true;
}

bool fs_start(struct resources *w, uint32_t i, pid_t *pid, struct problem *p)
{
    (void)w, (void)i, (void)pid, (void)p;
    return false;
}

void fs_died(struct resources *w, uint32_t i)
{
    (void)w, (void)i;
}

void vm_main(struct resources *w, uint32_t v)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    vm_does[v](w->vms[v].messages.vm);
    _exit(0);
}

static void tell(int supervisor, uint32_t kind)
{
    struct message m = {.kind = kind, .status = 7};
    if (kind == MESSAGE_CRASH) {
        m.crash.kind = CRASH_REPORT;
        m.crash.report.kind = BH_REPORT_REFUSED;
    }
    if (kind == MESSAGE_FAILED)
        problem_set(&m.problem, EXIT_HOST, "as expected");
    message_send(supervisor, &m);
}

/* ---- What processes of VMs do ---- */
static void end_soon(int supervisor)
{
    tell(supervisor, MESSAGE_STARTED);
    usleep(100000);
    tell(supervisor, MESSAGE_EXIT);
}

static void flood(int supervisor)
{
    signal(SIGUSR1, SIG_IGN);
    for (;;)
        tell(supervisor, MESSAGE_CRASH);
}

static void fail_at_start(int supervisor)
{
    tell(supervisor, MESSAGE_FAILED);
}

static void fail_later(int supervisor)
{
    tell(supervisor, MESSAGE_STARTED);
    tell(supervisor, MESSAGE_FAILED);
    pause();
}

static void die(int supervisor)
{
    tell(supervisor, MESSAGE_STARTED);
    raise(SIGKILL);
}

/* Waits for the other one, and is killed while the deadlock is being looked at. */
static void wait_and_die(int supervisor)
{
    signal(SIGUSR2, SIG_IGN);
    tell(supervisor, MESSAGE_STARTED);
    usleep(100000);
    tell(supervisor, MESSAGE_IDLE);
    usleep(200000);
    raise(SIGKILL);
}

static void wait_for_other(int supervisor)
{
    signal(SIGUSR2, SIG_IGN);
    tell(supervisor, MESSAGE_STARTED);
    for (;;)
        pause();
}

/* Ends like a guest that does not want to: it has to be killed. */
static void go_on(int supervisor)
{
    signal(SIGUSR1, SIG_IGN);
    tell(supervisor, MESSAGE_STARTED);
    for (;;)
        pause();
}

/* Runs an appliance whose VMs do that. */
static pid_t start(void (*application)(int), void (*other)(int))
{
    vm_does[0] = application;
    vm_does[1] = other;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct host h = {0};
        struct run_options o = {.metrics = -1, .grace_ns = 300000000};
        alarm(20); /* wedged */
        _exit(appliance_run(&a, &h, &o));
    }
    return pid;
}

static int status_of(pid_t pid)
{
    int status;
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int outcome(void (*other)(int))
{
    return status_of(start(end_soon, other));
}

static void a_flood_of_messages_stops_nobody(void)
{
    CHECK(outcome(flood) == 7);
}

static void failure_to_start_ends_the_appliance(void)
{
    CHECK(outcome(fail_at_start) == EXIT_HOST);
}

static void failure_after_the_start_does_not(void)
{
    CHECK(outcome(fail_later) == 7);
}

static void a_killed_process_is_a_crash_and_the_application_goes_on(void)
{
    CHECK(outcome(die) == EXIT_CRASHED);
}

static void processes_that_do_not_end_are_killed(void)
{
    CHECK(outcome(go_on) == 7);
    pid_t pid = start(go_on, go_on);
    usleep(200000);
    CHECK(pid > 0 && kill(pid, SIGTERM) == 0 && status_of(pid) == 128 + SIGTERM);
}

static void a_vm_that_dies_during_the_report_of_a_deadlock_is_noticed(void)
{
    CHECK(status_of(start(wait_and_die, wait_for_other)) == EXIT_CRASHED);
}

int main(void)
{
    a.name = "test";
    a.n_compartments = a.n_vms = 2;
    a.compartments[1].vm = a.vms[1].index = 1;
    a.vms[0].compartments = 1;
    a.vms[1].compartments = 2;
    RUN(a_flood_of_messages_stops_nobody);
    RUN(failure_to_start_ends_the_appliance);
    RUN(failure_after_the_start_does_not);
    RUN(a_killed_process_is_a_crash_and_the_application_goes_on);
    RUN(processes_that_do_not_end_are_killed);
    RUN(a_vm_that_dies_during_the_report_of_a_deadlock_is_noticed);
    return CHECK_RESULT();
}

pid_t metrics_start(int listener, const struct resources *w, const pid_t *pid)
{
    return 0;
}
