/* Executes hypercalls. The guest is not trusted: every argument is checked, and its memory is read once.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/vm/hypercalls.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/base/notify.h"
#include "vmm/base/clock.h"
#include "vmm/fs/mount.h"
#include "vmm/base/boot_trace.h"
#include "vmm/kvm/park.h"
#include "vmm/vm/exits.h"

#define LOG_MAX   0x100000ull /* bytes of one BH_HC_LOG */
#define LOG_CHUNK 4096u

#define SLOW_STEP_NS (CLOCK_SECOND / 50) /* a debugger is heard that often */

static uint64_t error_result(int code)
{
    return 0 - (uint64_t)code;
}

static int stream_fd(const struct vm *vm, uint64_t stream)
{
    if (stream > BH_STDERR || (!vm->application && stream != BH_STDERR))
        return -1;
    return (int)stream;
}

/* After text was printed: stands still until the VM may print again. */
static void slow_down(struct vm *vm, uint64_t bytes)
{
    uint64_t left;
    while ((left = bucket_spend(&vm->console.rate, bytes, clock_ns())) > 0) {
        struct timespec step = {.tv_nsec = (long)(left < SLOW_STEP_NS ? left : SLOW_STEP_NS)};
        ppoll(NULL, 0, &step, NULL);
        debuggee_poll_in_call(vm);
        bytes = 0;
    }
}

/* Standard error of a VM without the application: it goes to the console as lines of the first compartment. */
static uint64_t write_console(struct vm *vm, struct guest_va at, uint64_t len)
{
    char chunk[LOG_CHUNK];
    uint64_t n = len < sizeof(chunk) ? len : sizeof(chunk);
    if (!memory_read(&vm->memory, chunk, at, n, PERM_R | PERM_U))
        return error_result(EFAULT);
    console_add(&vm->console, (uint32_t)__builtin_ctzll(vm->w->a->vms[vm->index].compartments), chunk, n);
    console_flush(&vm->console);
    slow_down(vm, n);
    return n;
}

static uint64_t do_write(struct vm *vm, const struct hypercall *h)
{
    int fd = stream_fd(vm, h->args[0]);
    if (fd < 0 || fd == STDIN_FILENO)
        return error_result(EBADF);
    if (!h->args[2])
        return 0;
    if (!vm->application)
        return write_console(vm, guest_va(h->args[1]), h->args[2]);
    /* Straight from guest memory: the kernel copies the bytes once, whatever the guest does
     * meanwhile. */
    uint64_t len;
    const void *from = memory_at(&vm->memory, guest_va(h->args[1]), h->args[2], PERM_R | PERM_U, &len);
    if (!from)
        return error_result(EFAULT);
    for (;;) {
        ssize_t n = write(fd, from, len);
        if (n >= 0)
            return (uint64_t)n;
        if (errno == EAGAIN) {
            struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
            ppoll(&poll_fd, 1, NULL, NULL);
        } else if (errno != EINTR) {
            return error_result(errno);
        }
        debuggee_poll_in_call(vm);
    }
}

static uint64_t do_read(struct vm *vm, const struct hypercall *h)
{
    if (h->args[0] != BH_STDIN || !vm->application)
        return error_result(EBADF);
    if (!h->args[2])
        return 0;
    uint64_t len;
    void *to = memory_at(&vm->memory, guest_va(h->args[1]), h->args[2], PERM_R | PERM_W | PERM_U, &len);
    if (!to)
        return error_result(EFAULT);
    struct pollfd poll_fd = {.fd = STDIN_FILENO, .events = POLLIN};
    struct timespec at_once = {0};
    if (ppoll(&poll_fd, 1, &at_once, NULL) == 0)
        return error_result(EAGAIN);
    ssize_t n;
    do {
        n = read(STDIN_FILENO, to, len);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? error_result(errno) : (uint64_t)n;
}

static uint64_t do_log(struct vm *vm, const struct hypercall *h)
{
    struct guest_va at = guest_va(h->args[1]);
    uint64_t i = h->args[0], len = h->args[2];
    if (i >= BH_COMPARTMENTS_MAX || !vm->console.lines[i].name || len > LOG_MAX)
        return error_result(EINVAL);
    char chunk[LOG_CHUNK];
    uint64_t all = len;
    while (len) {
        uint64_t n = len < sizeof(chunk) ? len : sizeof(chunk);
        if (!memory_read(&vm->memory, chunk, at, n, PERM_R | PERM_U)) {
            console_flush(&vm->console);
            return error_result(EFAULT);
        }
        console_add(&vm->console, (uint32_t)i, chunk, n);
        at.va += n;
        len -= n;
    }
    console_flush(&vm->console);
    slow_down(vm, all);
    return 0;
}

static uint64_t do_report(struct vm *vm, const struct hypercall *h)
{
    struct message m = {.kind = MESSAGE_CRASH, .crash.kind = CRASH_REPORT};
    if (!memory_read(&vm->memory, &m.crash.report, guest_va(h->args[0]), sizeof(m.crash.report), PERM_R | PERM_U))
        return error_result(EFAULT);
    m.crash.vm = vm->index;
    m.crash.compartment = m.crash.report.compartment;
    if (m.crash.report.fatal)
        vm_crash(vm, &m.crash);
    if (!bucket_take(&vm->reports, clock_ns())) {
        vm->omitted++;
        return 0;
    }
    m.status = bucket_empty(&vm->reports, clock_ns());
    m.omitted = vm->omitted;
    vm->omitted = 0;
    message_send(vm->supervisor, &m);
    return 0;
}

static uint64_t do_mark(struct vm *vm, const struct hypercall *h)
{
    static const char *const names[] = {
        [BH_MARK_CORE] = "core", [BH_MARK_INIT] = "init", [BH_MARK_MAIN] = "main", [BH_MARK_READY] = "ready"};
    uint64_t phase = h->args[0];
    if (phase >= sizeof(names) / sizeof(*names) || !names[phase])
        return error_result(EINVAL);
    if (!(vm->marked >> phase & 1)) { /* once each: no flood of messages */
        vm_mark(vm, names[phase]);
        vm->marked |= vm->w->o->marks ? 1u << phase : 0;
    }
    return 0;
}

static uint64_t notify_vm(const struct vm *vm, uint64_t v)
{
    if (v >= vm->w->a->n_vms || vm->w->vms[v].notify_fd < 0)
        return error_result(EINVAL);
    return error_result(-notify(vm->w->vms[v].notify_fd));
}

/* Bit v: VM v. Those that this VM has no doorbell of are passed over. */
static void notify_all(const struct vm *vm, uint64_t vms)
{
    for (; vms; vms &= vms - 1)
        notify_vm(vm, (uint64_t)__builtin_ctzll(vms));
}

static uint64_t do_ring(const struct vm *vm, const struct hypercall *h)
{
    return notify_vm(vm, h->args[0]);
}

static void do_exit(struct vm *vm, const struct hypercall *h)
{
    console_end(&vm->console);
    debuggee_ended(vm, false, (uint32_t)h->args[0]);
    struct message m = {.kind = MESSAGE_EXIT, .status = (uint32_t)h->args[0], .omitted = vm->omitted};
    message_send(vm->supervisor, &m);
    vm_end(vm);
}

/* Only another VM can wake this one, and none has done so for a while. */
static void tell_idle(void *arg)
{
    const struct vm *vm = arg;
    struct message m = {.kind = MESSAGE_IDLE};
    message_send(vm->supervisor, &m);
}

static bool has_mount(const struct vm *vm)
{
    for (uint32_t i = 0; i < vm->w->a->n_mounts; i++)
        if (vm_has_mount(vm->w->a, vm->index, i))
            return true;
    return false;
}

/* The guest will run: nobody needs to notify it any more, or to count it as waking up. The guest says the same later,
 * when it does run. */
static void wake_up(struct vm *vm)
{
    crowd_wake(crowd_vm(vm->w->crowd, vm->index));
    for (uint32_t i = 0; i < vm->n_parked; i++)
        atomic_store_explicit(&vm->parked[i]->parked, 0, memory_order_relaxed);
}

static uint64_t do_park(struct vm *vm, const struct hypercall *h)
{
    uint64_t events = h->args[1];
    notify_all(vm, h->args[2]);
    if ((events & BH_EVENT_NOTIFY) && !net_may_park(vm->net))
        return BH_EVENT_NOTIFY;
    struct vm_stats *s = vm->stats;
    uint64_t start = clock_ns();
    STATS_ADD(s->parks, 1);
    __atomic_store_n(&s->parked_since, start, __ATOMIC_RELAXED);
    struct park_idle idle = {.flag = &s->idle, .long_asleep = tell_idle, .arg = vm};
    bool others = vm->net || has_mount(vm) || (events & (BH_EVENT_STDIN | BH_EVENT_SIGNAL)) ||
                  !(events & BH_EVENT_NOTIFY); /* who but another VM can wake it */
    crowd_sleep(crowd_vm(vm->w->crowd, vm->index));
    events = park(vm->notify_fd, vm->application ? STDIN_FILENO : -1, h->args[0], events, others ? NULL : &idle,
                  vm->debuggee.socket);
    wake_up(vm);
    __atomic_store_n(&s->parked_since, 0, __ATOMIC_RELAXED);
    STATS_ADD(s->park_ns, clock_ns() - start);
    net_unpark(vm->net);
    return events;
}

/* Host memory of the whole pages [r->va, + r->size), if they lie in the heap of one compartment of this VM. */
static void *heap_at(const struct vm *vm, const struct bh_range *r)
{
    uint64_t i = (r->va - BH_COMPARTMENT_BASE(0)) / BH_WINDOW_SIZE, avail;
    if (((r->va | r->size) & (PAGE - 1)) || !r->size || r->va < BH_COMPARTMENT_BASE(0) ||
        i >= vm->w->a->n_compartments || !vm_holds(vm->w->a, vm->index, (uint32_t)i) ||
        r->va - BH_COMPARTMENT_BASE(i) < BH_HEAP_OFF ||
        r->va - BH_COMPARTMENT_BASE(i) - BH_HEAP_OFF >= vm->w->a->compartments[i].memory)
        return NULL;
    void *at = memory_at(&vm->memory, guest_va(r->va), r->size, PERM_R | PERM_W | PERM_U, &avail);
    return at && avail == r->size ? at : NULL; /* the heap is one region, and ends where memory_at() says */
}

static uint64_t do_give_back(const struct vm *vm, const struct hypercall *h)
{
    struct bh_range ranges[BH_RANGES_BATCH];
    uint64_t n = h->args[1];
    if (n > BH_RANGES_BATCH)
        return error_result(EINVAL);
    if (!memory_read(&vm->memory, ranges, guest_va(h->args[0]), n * sizeof(*ranges), PERM_R | PERM_U))
        return error_result(EFAULT);
    for (uint64_t i = 0; i < n; i++) {
        void *at = heap_at(vm, &ranges[i]);
        if (!at)
            return error_result(EFAULT);
        if (madvise(at, ranges[i].size, MADV_DONTNEED))
            return error_result(errno);
    }
    return 0;
}

uint64_t hypercall_do(struct vm *vm, const struct hypercall *h)
{
    switch (h->op) {
    case BH_HC_PARK:
        return do_park(vm, h);
    case BH_HC_NOTIFY:
        return do_ring(vm, h);
    case BH_HC_WRITE:
        return do_write(vm, h);
    case BH_HC_READ:
        return do_read(vm, h);
    case BH_HC_LOG:
        return do_log(vm, h);
    case BH_HC_EXIT:
        do_exit(vm, h);
        return 0;
    case BH_HC_REPORT:
        return do_report(vm, h);
    case BH_HC_MARK:
        return do_mark(vm, h);
    case BH_HC_NET_START:
        return (uint64_t)net_start(vm->net, guest_va(h->args[0]));
    case BH_HC_KICK:
        return (uint64_t)(h->args[0] < BH_KICK_MOUNT ? net_kick(vm->net, h->args[0])
                                                     : fs_kick(vm->w, h->args[0] - BH_KICK_MOUNT));
    case BH_HC_GIVE_BACK:
        return do_give_back(vm, h);
    default:
        return error_result(ENOSYS);
    }
}
