/* The process of one VM: builds it, gives up every right that is no longer needed, and runs it.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/vm/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "vmm/base/clock.h"
#include "vmm/vm/bootinfo.h"
#include "vmm/vm/coredump.h"
#include "vmm/kvm/doorbell.h"
#include "vmm/fs/mount.h"
#include "vmm/base/boot_trace.h"
#include "vmm/kvm/memory.h"
#include "vmm/kvm/paging.h"
#include "vmm/sandbox/process.h"
#include "vmm/vm/exits.h"
#include "vmm/vm/vm_memory.h"

static struct vm the_vm; /* a process has one */

void vm_mark(const struct vm *vm, const char *name)
{
    if (vm->w->o->marks) {
        struct message m = {.kind = MESSAGE_MARK, .time_ns = clock_ns()};
        snprintf(m.mark, sizeof(m.mark), "vm%u.%s", vm->index, name);
        message_send(vm->supervisor, &m);
    }
}

/* SIGUSR1: the supervisor ends the appliance. */
static void end_now(int signo)
{
    if (the_vm.crashed) /* it ends when its core has been sent */
        return;
    console_end(&the_vm.console);
    debuggee_ended(&the_vm, false, 0);
    _exit(0);
}

static void set_signals(pid_t supervisor)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != supervisor)
        _exit(0);                /* it died before it could be watched */
    prctl(PR_SET_TIMERSLACK, 1); /* parks end when they should */
    struct sigaction end = {.sa_handler = end_now}, ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGUSR1, &end, NULL);
    /* The terminal signals the whole process group; the supervisor decides what that means. */
    sigaction(SIGINT, &ignore, NULL);
    sigaction(SIGTERM, &ignore, NULL);
    sigaction(SIGHUP, &ignore, NULL);
    sigaction(SIGQUIT, &ignore, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void set_descriptors(struct vm *vm)
{
    const struct appliance *a = vm->w->a;
    resources_keep(vm->w, vm->index);
    vm->supervisor = vm->w->vms[vm->index].messages.vm;
    vm->notify_fd = vm->w->vms[vm->index].notify_fd;
    vm->dump = vm->w->vms[vm->index].coredump.vm;
    vm->application = vm_holds(a, vm->index, a->default_compartment);
    if (!vm->application) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
    }
    vm->console.fd = STDERR_FILENO;
    vm->console.rate = bucket_of(CONSOLE_BURST, CONSOLE_PER_SECOND);
    vm->reports = bucket_of(REPORTS_BURST, REPORTS_PER_SECOND);
    for (uint32_t i = 0; i < a->n_compartments; i++)
        if (vm_holds(a, vm->index, i))
            vm->console.lines[i].name = a->compartments[i].name;
}

static bool wire_doorbells(struct vm *vm, struct problem *p)
{
    for (uint32_t v = 0; v < vm->w->a->n_vms; v++) {
        int peer = vm->w->vms[v].notify_fd;
        if (v != vm->index && peer >= 0 && !doorbell_wire(vm->vcpu.vm_fd, BH_PORT_NOTIFY, 4, v, peer))
            return problem_set(p, EXIT_HOST, "KVM: cannot wire a doorbell: %s", strerror(errno));
    }
    return true;
}

static bool write_bootinfo(struct vm *vm, struct bh_bootinfo *b, uint32_t size, struct problem *p)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    b->realtime_ns = (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
    b->realtime_tsc = vcpu_tsc(&vm->vcpu);
    b->tsc_khz = vm->vcpu.tsc_khz;
    return memory_fill(&vm->memory, guest_va(BH_BOOTINFO_VA), b, size) ||
           problem_set(p, EXIT_HOST, "the boot information is not mapped");
}

/* The page that this process counts in. */
static bool map_stats(struct vm *vm, struct problem *p)
{
    void *at =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, vm->w->vms[vm->index].stats_fd, (off_t)BH_STATS_SIZE);
    if (at == MAP_FAILED)
        return problem_set(p, EXIT_HOST, "cannot map the statistics: %s", strerror(errno));
    vm->stats = at;
    return true;
}

/* Finds the words by which this VM tells its peers that it is parked. */
static void find_parked(struct vm *vm)
{
    const struct appliance *a = vm->w->a;
    for (uint32_t i = 0; i < a->n_edges; i++) {
        uint64_t bytes;
        const struct edge *e = &a->edges[i];
        if (!vm_has_edge(a, vm->index, e) || !edge_crosses(a, e))
            continue;
        struct bh_edge_region *region =
            memory_at(&vm->memory, guest_va(BH_EDGE_BASE(e->index)), sizeof(*region), PERM_R | PERM_W, &bytes);
        if (region && bytes == sizeof(*region))
            vm->parked[vm->n_parked++] = vm_holds(a, vm->index, e->from) ? &region->from_end : &region->to_end;
    }
}

static bool build_vm(struct vm *vm, struct problem *p)
{
    const struct host *h = vm->w->h;
    enum hypercall_instruction how = vcpu_hypercall(h->kvm_kind, h->doorbell);
    uint32_t size = 0;
    struct bh_bootinfo *b = bootinfo_make(vm->w, vm->index, &size, p);
    bool good = b && vm_plan_memory(vm, size, p) && memory_map(&vm->memory, p) && paging_build(&vm->memory, p);
    good = good && map_stats(vm, p);
    vm_mark(vm, "mapped");
    good = good && descriptor_tables_write(&vm->memory, how, p) && vm_load(vm, p);
    vm_mark(vm, "loaded");
    good = good && vcpu_create(&vm->vcpu, h->kvm_fd, &vm->memory, how, p) && wire_doorbells(vm, p) &&
           net_wire(vm->w->a, vm->index, vm->vcpu.vm_fd, &vm->kick, p) &&
           fs_wire(vm->w, vm->index, vm->vcpu.vm_fd, p) && write_bootinfo(vm, b, size, p) &&
           memory_protect(&vm->memory, p);
    vm_mark(vm, "created");
    free(b);
    return good;
}

/* The core starts on thread 0's stack of the lowest compartment, aligned as after a call (psABI AMD64, 3.2.2). */
static struct entry first_entry(const struct vm *vm)
{
    const struct appliance *a = vm->w->a;
    uint32_t i = (uint32_t)__builtin_ctzll(a->vms[vm->index].compartments);
    uint64_t stack = a->compartments[i].stack;
    uint64_t top = vm->memory.keyed ? BH_MPK_STACK(0) + BH_MPK_STACK_SIZE : BH_STACK(i, 0, stack) + stack;
    return (struct entry){.rip = vm->w->core.header.core.start, .rsp = top - 8, .fs_base = BH_TLS_TP(0), .ring = 3};
}

/* Leaves the process the vCPU, the supervisor's socket, eventfds, standard streams, the network's descriptors, and a
 * handful of system calls. */
static bool confine_process(struct vm *vm, struct problem *p)
{
    int keep[BH_VMS_MAX + BH_MOUNTS_MAX + 5];
    unsigned n = 0;
    keep[n++] = vm->vcpu.fd;
    keep[n++] = vm->supervisor;
    keep[n++] = vm->kick;
    keep[n++] = vm->debuggee.socket;
    keep[n++] = vm->dump;
    for (uint32_t v = 0; v < vm->w->a->n_vms; v++)
        keep[n++] = vm->w->vms[v].notify_fd;
    coredump_prepare(vm);
    for (uint32_t i = 0; i < vm->w->a->n_mounts; i++)
        keep[n++] = vm->w->mounts[i].kick;
    struct net_place place = {&vm->memory, vm->stats, vm->notify_fd, vm->kick};
    return sandbox_close_others(keep, n, p) && net_open(vm->w, vm->index, &place, &vm->net, p) &&
           sandbox_enter(SANDBOX_VM, p);
}

void vm_main(struct resources *w, uint32_t v)
{
    struct vm *vm = &the_vm;
    struct message failed = {.kind = MESSAGE_FAILED};
    vm->w = w;
    vm->index = v;
    set_signals(w->supervisor);
    set_descriptors(vm);
    vm_mark(vm, "forked");
    struct entry start;
    if (!build_vm(vm, &failed.problem) ||
        (start = first_entry(vm), !vcpu_start(&vm->vcpu, &start, w->h->kvm_kind, &failed.problem)) ||
        !debuggee_open(vm, &failed.problem) || !confine_process(vm, &failed.problem)) {
        message_send(vm->supervisor, &failed);
        _exit(failed.problem.status);
    }
    vm->stats->tsc_khz = vm->vcpu.tsc_khz;
    vm->stats->counts_mpk = vm->memory.keyed && w->o->count_mpk;
    vm->stats->version = VM_STATS_VERSION;
    vm_mark(vm, "started");
    message_send(vm->supervisor, &(struct message){.kind = MESSAGE_STARTED});
    if (w->o->debug)
        debuggee_wait(vm);
    find_parked(vm);
    crowd_wake(crowd_vm(w->crowd, v));
    vm_run(vm);
}
