/* Starts one process per VM, watches them, tells each what becomes of its peers, and takes all of
 * them down.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rpc/gate.h"
#include "vmm/control.h"
#include "vmm/fs.h"
#include "vmm/gdb_listen.h"
#include "vmm/marks.h"
#include "vmm/message.h"
#include "vmm/metrics.h"
#include "vmm/report.h"
#include "vmm/rundir.h"
#include "vmm/saver.h"
#include "vmm/vm.h"

#define GRACE_NS 1000000000ull /* unless the options say otherwise */

enum phase {
    RUNNING,
    ASKED,  /* a signal came: the application was asked to end */
    ENDING, /* the application is gone: processes were told to end */
    KILLED, /* no more patience */
};

static struct {
    struct world w;
    pid_t pid[BH_VMS_MAX];
    bool alive[BH_VMS_MAX]; /* its process has not been reaped */
    bool over[BH_VMS_MAX];  /* its guest runs no more: peers know, and nothing it says counts */
    bool started[BH_VMS_MAX];
    uint32_t reports[BH_VMS_MAX]; /* printed */
    uint32_t n_alive;
    pid_t server[BH_MOUNTS_MAX]; /* of each mount; 0: none, or it was reaped */
    enum phase phase;
    uint64_t deadline; /* of the phase, ns; 0: none */
    int signals;       /* signalfd */
    int stop_signal;   /* first one, or 0 */
    bool crashed, app_ended, deadlock;
    int app_status;
    struct problem failure; /* of a VM that could not start */
    struct saver saver[BH_VMS_MAX]; /* looks after the crash of that VM; pid 0: none */
    uint64_t saver_deadline[BH_VMS_MAX];
    uint32_t n_savers;
    struct crash later[BH_VMS_MAX]; /* kind 0: none; to be told once the report that it follows from has been printed */
    struct control control;
    bool tracing;           /* what the guests were told */
    struct gdb_listener gdb;
    struct rundir dir;      /* where commands find this appliance; none: it runs all the same */
} s;

static void ring(uint32_t v)
{
    uint64_t one = 1;
    if (write(s.w.bell_fd[v], &one, sizeof one) < 0) {
        /* Full: it is ringing already. */
    }
}

static void page_changed(uint32_t v)
{
    atomic_fetch_add_explicit((_Atomic uint32_t *)&s.w.status[v]->generation, 1,
                              memory_order_release);
    ring(v);
}

static void signal_all(int signo)
{
    for (uint32_t v = 0; v < s.w.a->n_vms; v++) {
        if (s.alive[v]) {
            kill(s.pid[v], signo);
        }
    }
}

static uint64_t grace_from_now(void)
{
    return marks_now() + (s.w.o->grace_ns ? s.w.o->grace_ns : GRACE_NS);
}

static void enter_phase(enum phase phase)
{
    if (phase <= s.phase) {
        return;
    }
    s.phase = phase;
    s.deadline = phase == KILLED ? 0 : grace_from_now();
    if (phase == ASKED) {
        /* Only the application: while it ends, it may need the others. */
        uint32_t v = 0;
        while (!vm_holds(s.w.a, v, s.w.a->default_compartment)) {
            v++;
        }
        atomic_store((_Atomic uint32_t *)&s.w.status[v]->shutdown, (uint32_t)s.stop_signal);
        page_changed(v);
    } else {
        signal_all(phase == ENDING ? SIGUSR1 : SIGKILL);
    }
}

static void tell_peers(uint32_t gone)
{
    const struct appliance *a = s.w.a;
    bool told[BH_VMS_MAX] = {false};
    for (uint32_t i = 0; i < a->n_edges; i++) {
        const struct edge *e = &a->edges[i];
        if (!vm_has_edge(a, gone, e) || !edge_crosses(a, e)) {
            continue;
        }
        uint32_t peer = edge_peer_vm(a, gone, e);
        atomic_fetch_or((_Atomic uint64_t *)&s.w.status[peer]->dead_edges[i / 64],
                        1ull << (i % 64));
        told[peer] = true;
    }
    for (uint32_t v = 0; v < a->n_vms; v++) {
        if (told[v]) {
            page_changed(v);
        }
    }
}

/* VM v's guest has stopped for good. */
static void guest_over(uint32_t v)
{
    if (s.over[v]) {
        return;
    }
    s.over[v] = true;
    tell_peers(v);
    if (vm_holds(s.w.a, v, s.w.a->default_compartment)) {
        enter_phase(ENDING);
    }
}

/* Has the peers' processes send their cores, too, while the calls in flight are still to be seen in them, and starts the
 * process that makes a report of it all. The peers are told of the crash afterwards. */
static bool look_after(uint32_t v, const struct crash *c)
{
    uint64_t cores = c->kind == CRASH_KILLED ? 0 : 1ull << v;
    if (s.saver[v].pid) {
        return true;
    }
    for (uint32_t i = 0; i < s.w.a->n_vms && !s.n_savers; i++) {
        if (s.alive[i] && s.started[i] && !s.over[i] && (i != v || c->kind == CRASH_DEADLOCK)) {
            cores |= kill(s.pid[i], SIGUSR2) == 0 ? 1ull << i : 0;
        }
    }
    if (!saver_start(&s.saver[v], &s.w, c, cores, s.w.o->crash_dir)) {
        s.saver[v].pid = 0;
        return false;
    }
    s.saver[v].alive = c->kind == CRASH_DEADLOCK;
    s.saver_deadline[v] = marks_now() + SAVER_PATIENCE;
    s.n_savers++;
    return true;
}

/* The peers' stacks have been seen, or it takes too long. */
static void looked_after(uint32_t v)
{
    close(s.saver[v].looked);
    s.saver[v].looked = -1;
    s.saver_deadline[v] = 0;
    if (!s.saver[v].alive) {
        guest_over(v);
    }
}

static void take_crash(uint32_t v, const struct crash *c)
{
    bool end = c->kind != CRASH_REPORT || c->report.fatal;
    if (!end && s.reports[v]++ >= REPORTS_MAX) {
        return;
    }
    bool consequence = s.crashed && c->kind == CRASH_REPORT && c->report.status == BH_PEER_DIED;
    s.crashed |= end;
    if (end && !consequence && look_after(v, c)) {
        return;
    }
    if (consequence && s.n_savers) {
        s.later[v] = *c;
    } else {
        report_crash(s.w.a, s.w.core.path, c);
    }
    if (end) {
        guest_over(v);
    }
}

static bool rung(uint32_t v)
{
    struct pollfd bell = {.fd = s.w.bell_fd[v], .events = POLLIN};
    return poll(&bell, 1, 0) != 0;
}

/* Whether every VM sleeps with nothing but its bell to wake it, and no bell has been rung: then nothing will happen any
 * more. A VM says first that it is awake and takes the ring off its bell afterwards. */
static bool all_asleep(uint64_t flags[BH_VMS_MAX])
{
    for (uint32_t v = 0; v < s.w.a->n_vms; v++) {
        if (!s.alive[v] || !s.started[v] || s.over[v]) {
            return false;
        }
        bool is_rung = rung(v); /* first: a VM that wakes up now takes the ring off, but its flag tells */
        flags[v] = __atomic_load_n(&s.w.vm_stats[v]->idle, __ATOMIC_SEQ_CST);
        if (is_rung || !(flags[v] & 1)) {
            return false;
        }
    }
    return true;
}

/* A deadlock is told once; the appliance goes on waiting, for whoever wants to look at it. */
static void take_idle(void)
{
    uint64_t before[BH_VMS_MAX], after[BH_VMS_MAX];
    uint32_t v = 0;
    while (!vm_holds(s.w.a, v, s.w.a->default_compartment)) {
        v++;
    }
    if (s.deadlock || s.phase != RUNNING || s.n_savers || s.w.status[v]->held || !all_asleep(before) || !all_asleep(after) ||
        memcmp(before, after, s.w.a->n_vms * sizeof *before) != 0) {
        return;
    }
    struct crash c = {.kind = CRASH_DEADLOCK, .vm = v, .compartment = s.w.a->default_compartment};
    s.deadlock = true;
    look_after(v, &c);
}

/* An application may end before all VMs have started. One of them that cannot is an error all the same, so they have the grace to say
 * so. */
static void end_if_started(void)
{
    if (!s.app_ended || s.phase >= ENDING) {
        return;
    }
    for (uint32_t v = 0; v < s.w.a->n_vms; v++) {
        if (s.alive[v] && !s.started[v] && !s.over[v]) {
            s.deadline = s.deadline ? s.deadline : grace_from_now();
            return;
        }
    }
    enter_phase(ENDING);
}

static void take_message(uint32_t v, const struct message *m)
{
    if (s.over[v] && m->kind != MESSAGE_MARK) {
        return;
    }
    switch (m->kind) {
    case MESSAGE_EXIT:
        if (vm_holds(s.w.a, v, s.w.a->default_compartment)) {
            marks_add("app-ended", marks_now());
            s.app_ended = true;
            s.app_status = (int)(m->status & 0xff);
            s.over[v] = true;
            tell_peers(v);
            end_if_started();
        } else {
            guest_over(v);
        }
        break;
    case MESSAGE_CRASH:
        take_crash(v, &m->crash);
        break;
    case MESSAGE_MARK:
        marks_add(m->mark, m->time_ns);
        break;
    case MESSAGE_STARTED:
        s.started[v] = true;
        end_if_started();
        break;
    case MESSAGE_IDLE:
        take_idle();
        break;
    default: /* MESSAGE_FAILED */
        if (s.started[v]) {
            break; /* too late: it cannot take the others down any more */
        }
        if (!s.failure.status) {
            s.failure = m->problem;
            s.failure.status = m->problem.status == EXIT_USAGE ? EXIT_USAGE : EXIT_HOST;
        }
        s.over[v] = true;
        enter_phase(KILLED);
    }
}

/* Takes one message of VM v, no more: whoever sends without end must not keep signals and other VMs waiting.
 * False: there is none. */
static bool listen_to(uint32_t v)
{
    struct message m;
    if (s.w.supervisor_end[v] < 0) {
        return false;
    }
    int got = message_receive(s.w.supervisor_end[v], s.w.a, v, &m);
    if (got < 0) {
        close(s.w.supervisor_end[v]);
        s.w.supervisor_end[v] = -1;
    } else if (got > 0) {
        take_message(v, &m);
    }
    return got > 0;
}

static void tell_later(void)
{
    for (uint32_t v = 0; v < s.w.a->n_vms && !s.n_savers; v++) {
        if (s.later[v].kind) {
            report_crash(s.w.a, s.w.core.path, &s.later[v]);
            s.later[v].kind = 0;
        }
    }
}

static void reap(void)
{
    for (uint32_t v = 0; v < s.w.a->n_vms; v++) {
        int status;
        if (s.saver[v].pid > 0 && waitpid(s.saver[v].pid, &status, WNOHANG) == s.saver[v].pid) {
            bool only_asleep = s.saver[v].alive;
            s.n_savers--;
            if (s.saver[v].looked >= 0) {
                looked_after(v);
            }
            s.saver[v].pid = only_asleep ? 0 : -1; /* -1: it had one */
            tell_later();
        }
        if (!s.alive[v] || waitpid(s.pid[v], &status, WNOHANG) != s.pid[v]) {
            continue;
        }
        s.alive[v] = false;
        s.n_alive--;
        while (listen_to(v)) { /* all that it had sent */
        }
        end_if_started();
        if (!s.over[v] && !s.saver[v].pid && s.phase < ENDING) {
            struct crash c = {.kind = CRASH_KILLED,
                              .vm = v,
                              .signal = WIFSIGNALED(status) ? (uint32_t)WTERMSIG(status) : 0};
            c.compartment = (uint32_t)__builtin_ctzll(s.w.a->vms[v].compartments);
            take_crash(v, &c);
        }
    }
}

/* A server that ends by itself was killed, or its guest broke the queue's rules. The guest lives on, without those
 * files. */
static void reap_servers(void)
{
    for (uint32_t i = 0; i < s.w.a->n_mounts; i++) {
        int status;
        if (s.server[i] <= 0 || waitpid(s.server[i], &status, WNOHANG) != s.server[i]) {
            continue;
        }
        s.server[i] = 0;
        fs_died(&s.w, i);
        if (WIFSIGNALED(status)) {
            fprintf(stderr, "bulkhead: mount %s: its server was ended by signal %d; its files give EIO from now on\n",
                    s.w.a->mounts[i].name, WTERMSIG(status));
        }
    }
}

static void end_servers(void)
{
    for (uint32_t i = 0; i < s.w.a->n_mounts; i++) {
        if (s.server[i] > 0) {
            kill(s.server[i], SIGKILL);
            waitpid(s.server[i], NULL, 0);
        }
    }
}

static void take_signals(void)
{
    struct signalfd_siginfo info;
    while (read(s.signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD) {
            reap();
            gdb_reap(&s.gdb);
            reap_servers();
        } else if (s.stop_signal) {
            enter_phase(KILLED);
        } else {
            s.stop_signal = (int)info.ssi_signo;
            enter_phase(ASKED);
        }
    }
}

static void settle_tracing(void)
{
    if (s.tracing == control_tracing(&s.control)) {
        return;
    }
    s.tracing = !s.tracing;
    for (uint32_t v = 0; v < s.w.a->n_vms; v++) {
        atomic_store((_Atomic uint32_t *)&s.w.status[v]->trace, s.tracing);
        page_changed(v);
    }
}

static void wait_for_events(void)
{
    struct pollfd fds[2 * BH_VMS_MAX + 1 + CONTROL_FDS_MAX + GDB_FDS] = {{.fd = s.signals, .events = POLLIN}};
    uint32_t n = s.w.a->n_vms;
    for (uint32_t v = 0; v < n; v++) {
        fds[v + 1] = (struct pollfd){.fd = s.w.supervisor_end[v], .events = POLLIN};
    }
    control_fds(&s.control, fds + n + 1);
    gdb_fds(&s.gdb, fds + n + 1 + CONTROL_FDS_MAX);
    struct pollfd *savers = fds + n + 1 + CONTROL_FDS_MAX + GDB_FDS;
    uint64_t deadline = s.deadline;
    for (uint32_t v = 0; v < n; v++) {
        savers[v] = (struct pollfd){.fd = s.saver_deadline[v] ? s.saver[v].looked : -1, .events = POLLIN};
        deadline = s.saver_deadline[v] && (!deadline || s.saver_deadline[v] < deadline) ? s.saver_deadline[v] : deadline;
    }
    struct timespec left, *limit = NULL;
    if (deadline) {
        uint64_t now = marks_now();
        uint64_t ns = now < deadline ? deadline - now : 0;
        left = (struct timespec){.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = ns % 1000000000};
        limit = &left;
    }
    int ready = ppoll(fds, 2 * n + 1 + CONTROL_FDS_MAX + GDB_FDS, limit, NULL);
    if (s.deadline && marks_now() >= s.deadline) {
        enter_phase(KILLED);
    }
    for (uint32_t v = 0; v < n; v++) {
        if (s.saver_deadline[v] && ((ready > 0 && savers[v].revents) || marks_now() >= s.saver_deadline[v])) {
            looked_after(v);
        }
    }
    for (uint32_t v = 0; ready > 0 && v < n; v++) {
        if (fds[v + 1].revents) {
            listen_to(v);
        }
    }
    if (ready > 0) {
        control_serve(&s.control, fds + n + 1);
        settle_tracing();
        gdb_accept(&s.gdb, fds + n + 1 + CONTROL_FDS_MAX);
    }
    if (ready > 0 && fds[0].revents) {
        take_signals();
    }
}

/* Signals come through a descriptor from now on; children undo it for themselves. */
static bool catch_signals(sigset_t *before, struct problem *p)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, before);
    s.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return s.signals >= 0 ||
           problem_set(p, EXIT_HOST, "cannot receive signals: %s", strerror(errno));
}

static bool spawn_all(struct problem *p)
{
    s.w.supervisor = getpid();
    fflush(NULL); /* nothing may be written twice */
    for (uint32_t i = 0; i < s.w.a->n_mounts; i++) {
        if (!fs_start(&s.w, i, &s.server[i], p)) {
            return false;
        }
    }
    for (uint32_t v = 0; v < s.w.a->n_vms; v++) {
        pid_t pid = fork();
        if (pid == 0) {
            vm_main(&s.w, v);
        }
        if (pid < 0) {
            return problem_set(p, EXIT_HOST, "cannot start a VM's process: %s", strerror(errno));
        }
        s.pid[v] = pid;
        s.alive[v] = true;
        s.n_alive++;
        close(s.w.vm_end[v]);
        close(s.w.debug_vm_end[v]);
        close(s.w.dump_end[v]);
        s.w.vm_end[v] = s.w.debug_vm_end[v] = s.w.dump_end[v] = -1;
    }
    return true;
}

static int exit_status(void)
{
    if (s.failure.status) {
        return problem_print(&s.failure);
    }
    if (s.crashed) {
        return EXIT_CRASHED;
    }
    if (s.app_ended) { /* also when a signal asked it to: it may have handled that */
        return s.app_status;
    }
    return s.stop_signal ? 128 + s.stop_signal : EXIT_CRASHED;
}

int appliance_run(const struct appliance *a, const struct host *h, const struct run_options *o)
{
    sigset_t before;
    uint64_t start = o->start_ns ? o->start_ns : marks_now();
    marks_add("run", marks_now());
    if (!world_make(&s.w, a, h, o, &s.failure) || !catch_signals(&before, &s.failure)) {
        return problem_print(&s.failure);
    }
    marks_add("world", marks_now());
    struct problem no_dir = {0};
    if (!rundir_make(a->name, &s.dir, &no_dir) && o->verbose) {
        problem_print(&no_dir);
    }
    if (!gdb_listen(&s.gdb, &s.dir, &s.w, &s.failure)) {
        rundir_remove(&s.dir);
        return problem_print(&s.failure);
    }
    if (!spawn_all(&s.failure)) {
        enter_phase(KILLED);
    }
    marks_add("spawned", marks_now());
    pid_t metrics = o->metrics >= 0 ? metrics_start(o->metrics, &s.w, s.pid) : 0;
    control_open(&s.control, &s.dir, &s.w, s.pid);
    while (s.n_alive || s.n_savers) {
        wait_for_events();
    }
    end_servers();
    if (o->marks) {
        marks_add("end", marks_now());
        marks_print(start);
    }
    gdb_close(&s.gdb);
    if (metrics > 0) {
        kill(metrics, SIGKILL);
        waitpid(metrics, NULL, 0);
    }
    control_close(&s.control);
    rundir_remove(&s.dir);
    close(s.signals);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return exit_status();
}
