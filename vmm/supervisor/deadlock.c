/* Looks whether every VM sleeps with nothing but a notification from another VM to wake it.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/supervisor/deadlock.h"

#include <poll.h>
#include <string.h>

#include "vmm/supervisor/crash_handling.h"

static bool is_notified(const struct vm_proc *vm)
{
    struct pollfd fd = {.fd = vm->resources->notify_fd, .events = POLLIN};
    return poll(&fd, 1, 0) != 0;
}

/* Whether every VM sleeps with no notification pending: then nothing will happen any more. A VM that wakes up says so
 * first and clears its notification afterwards. `idle`: the words that tell of it, which change at each end of a
 * sleep. */
static bool all_asleep(const struct supervisor *s, uint64_t idle[BH_VMS_MAX])
{
    for (uint32_t v = 0; v < s->a->n_vms; v++) {
        const struct vm_proc *vm = &s->vms[v];
        if (!vm->pid || vm->state != VM_STARTED)
            return false;
        /* The notification first: a VM that wakes up now clears it, but its word tells. */
        bool notified = is_notified(vm);
        idle[v] = __atomic_load_n(&vm->resources->stats->idle, __ATOMIC_SEQ_CST);
        if (notified || !(idle[v] & 1))
            return false;
    }
    return true;
}

void deadlock_check(struct supervisor *s)
{
    uint64_t before[BH_VMS_MAX], after[BH_VMS_MAX];
    uint32_t compartment = s->a->default_compartment, v = s->a->compartments[compartment].vm;
    if (s->deadlock || s->phase != RUNNING || s->n_collectors || s->vms[v].resources->status->held)
        return;
    /* Twice, because the VMs are looked at one after the other: one of them may have woken in between. */
    if (!all_asleep(s, before) || !all_asleep(s, after) || memcmp(before, after, s->a->n_vms * sizeof(*before)) != 0)
        return;
    struct crash c = {.kind = CRASH_DEADLOCK, .vm = v, .compartment = compartment};
    s->deadlock = true;
    crash_collect(&s->vms[v], &c);
}
