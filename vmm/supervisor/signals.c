/* Takes signals from a descriptor (signalfd(2)): reaps children, and ends the appliance when it is asked to.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/supervisor/signals.h"

#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "vmm/supervisor/phase.h"

static void reap_children(struct supervisor *s)
{
    for (uint32_t v = 0; v < s->a->n_vms; v++)
        vm_proc_reap(&s->vms[v]);
    gdb_reap(&s->gdb);
    for (uint32_t i = 0; i < s->a->n_mounts; i++)
        mount_proc_reap(s, i);
}

static void on_signal(void *argument, short revents)
{
    struct supervisor *s = argument;
    struct signalfd_siginfo info;
    while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGCHLD) {
            reap_children(s);
        } else if (s->stop_signal) {
            phase_enter(s, KILLED);
        } else {
            s->stop_signal = (int)info.ssi_signo;
            phase_enter(s, ASKED);
        }
    }
}

bool signals_catch(struct supervisor *s, sigset_t *before, struct problem *p)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, before);
    s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return loop_add(&s->loop, &s->signal_source, s->signals, POLLIN, on_signal, s) ||
           problem_set(p, EXIT_HOST, "cannot receive signals: %s", strerror(errno));
}

void signals_release(struct supervisor *s, const sigset_t *before)
{
    loop_remove(&s->loop, &s->signal_source);
    close(s->signals);
    sigprocmask(SIG_SETMASK, before, NULL);
}
