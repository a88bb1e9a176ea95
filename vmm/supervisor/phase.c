/* Takes an appliance down, phase by phase.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/supervisor/phase.h"

#include <signal.h>

#include "vmm/appliance/topology.h"
#include "vmm/base/clock.h"
#include "vmm/supervisor/status.h"

#define GRACE_NS 1000000000ull /* unless the options say otherwise */

static void start_grace(struct supervisor *s)
{
    uint64_t grace = s->resources.o->grace_ns;
    loop_timer_set(&s->loop, &s->patience, clock_ns() + (grace ? grace : GRACE_NS));
}

/* Cores that are being taken are waited for; a collector's own patience bounds that. */
static void out_of_patience(void *argument)
{
    struct supervisor *s = argument;
    bool taken = false;
    for (uint32_t v = 0; v < s->a->n_vms; v++)
        taken |= s->vms[v].collector.state == COLLECTOR_LOOKS;
    if (taken)
        start_grace(s);
    else
        phase_enter(s, KILLED);
}

void phase_init(struct supervisor *s)
{
    s->patience = (struct loop_timer){.function = out_of_patience, .argument = s};
}

static void signal_all(struct supervisor *s, int signo)
{
    for (uint32_t v = 0; v < s->a->n_vms; v++)
        if (s->vms[v].pid)
            kill(s->vms[v].pid, signo);
}

void phase_enter(struct supervisor *s, enum phase phase)
{
    if (phase <= s->phase)
        return;
    s->phase = phase;
    if (phase == KILLED)
        loop_timer_set(&s->loop, &s->patience, 0);
    else
        start_grace(s);
    if (phase == ASKED) /* only the application: while it ends, it may need the others */
        status_ask_to_end(&s->vms[s->a->compartments[s->a->default_compartment].vm], s->stop_signal);
    else
        signal_all(s, phase == ENDING ? SIGUSR1 : SIGKILL);
}

/* An application may end before all VMs have started. One of them that cannot is an error all the same, so they have
 * the grace to say so. */
void phase_end_if_started(struct supervisor *s)
{
    if (!s->app_ended || s->phase >= ENDING)
        return;
    for (uint32_t v = 0; v < s->a->n_vms; v++) {
        if (s->vms[v].state == VM_FORKED) {
            if (!s->patience.deadline)
                start_grace(s);
            return;
        }
    }
    phase_enter(s, ENDING);
}

void phase_guest_stopped(struct vm_proc *vm)
{
    vm->state = vm->pid ? VM_OVER : VM_REAPED;
}

void phase_guest_gone(struct vm_proc *vm)
{
    if (vm->state == VM_OVER || vm->state == VM_REAPED)
        return;
    phase_guest_stopped(vm);
    status_tell_peers(vm);
}

void phase_guest_over(struct vm_proc *vm)
{
    phase_guest_gone(vm);
    if (vm_holds(vm->s->a, vm->index, vm->s->a->default_compartment))
        phase_enter(vm->s, ENDING);
}
