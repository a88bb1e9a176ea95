/* Runs a throw-away guest for a moment (Documentation/virt/kvm/api.rst, KVM_RUN).
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/kvm/probe.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <time.h>

#include "vmm/kvm/memory.h"
#include "vmm/kvm/paging.h"

#define PATIENCE_MS 1000u
#define ANSWER      0x600du

static struct kvm_run *volatile probed;

static void stop_probe(int signo)
{
    if (probed)
        probed->immediate_exit = 1; /* the signal may come just before KVM_RUN */
}

int probe_run(struct vcpu *c, unsigned patience_ms)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    struct sigaction old, act = {.sa_handler = stop_probe};
    struct itimerval off = {0}, on = {.it_value = {patience_ms / 1000, (suseconds_t)(patience_ms % 1000) * 1000}};
    int error;
    probed = c->run;
    sigaction(SIGALRM, &act, &old);
    setitimer(ITIMER_REAL, &on, NULL);
    while ((error = ioctl(c->fd, KVM_RUN, 0) ? errno : 0) == EAGAIN && !c->run->immediate_exit)
        nanosleep(&pause, NULL);
    setitimer(ITIMER_REAL, &off, NULL);
    sigaction(SIGALRM, &old, NULL);
    probed = NULL;
    return error;
}

/* mov $ANSWER, %eax; mov $BH_PORT_CALL, %edx; out %eax, (%dx) */
static const uint8_t guest_code[] = {
    0xb8, ANSWER & 0xff, ANSWER >> 8, 0, 0, 0xba, BH_PORT_CALL & 0xff, BH_PORT_CALL >> 8, 0, 0, 0xef};

static bool build_guest(struct guest_memory *m, struct vcpu *c, int kvm_fd, enum kvm_kind kind, struct problem *p)
{
    const struct region code = {
        .va = BH_COMPARTMENT_BASE(0), .size = PAGE, .stride = PAGE, .count = 1, .perms = PERM_R | PERM_X | PERM_U};
    const struct entry e = {.rip = code.va, .rsp = code.va + PAGE, .ring = 3};
    return descriptor_tables_plan(m, p) && memory_add(m, &code, p) && memory_map(m, p) &&
           descriptor_tables_write(m, HYPERCALL_NONE, p) &&
           (memory_fill(m, guest_va(code.va), guest_code, sizeof(guest_code)) ||
            problem_set(p, EXIT_HOST, "a guest's code is not mapped")) &&
           paging_build(m, p) && vcpu_create(c, kvm_fd, m, HYPERCALL_NONE, p) && vcpu_start(c, &e, kind, p);
}

/* What KVM_RUN did; `error`: of probe_run(). */
static bool judge_run(const struct kvm_run *run, int error, struct problem *p)
{
    const char *hint = "run bulkhead doctor as root, and look for what confines this user or container";
    switch (error) {
    case 0:
        return (run->exit_reason == KVM_EXIT_IO && run->io.port == BH_PORT_CALL && run->s.regs.regs.rax == ANSWER) ||
               problem_set(p, EXIT_HOST,
                           "a guest does not run: KVM exit %u in its first instructions: is this KVM nested?",
                           run->exit_reason);
    case EAGAIN:
        return problem_set(p, EXIT_HOST,
                           "a guest does not run: KVM_RUN gives EAGAIN without end: this user may start no more "
                           "processes (ulimit -u, pids.max), so KVM cannot start its thread");
    case EINTR:
        return problem_set(p, EXIT_HOST, "a guest does not run: it was stopped after %u ms: is this KVM nested?",
                           PATIENCE_MS);
    case EACCES:
    case EPERM:
        return problem_set(p, EXIT_HOST, "a guest does not run: KVM_RUN: %s: %s", strerror(error), hint);
    default:
        return problem_set(p, EXIT_HOST, "a guest does not run: KVM_RUN: %s", strerror(error));
    }
}

bool probe_guest(int kvm_fd, enum kvm_kind kind, struct problem *p)
{
    struct guest_memory m = {0};
    struct vcpu c = {.vm_fd = -1, .fd = -1};
    bool good = build_guest(&m, &c, kvm_fd, kind, p) && judge_run(c.run, probe_run(&c, PATIENCE_MS), p);
    vcpu_close(&c);
    memory_release(&m);
    return good;
}
