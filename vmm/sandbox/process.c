/* Confinement of a VM's process (seccomp(2), prctl(2), close_range(2)).
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/sandbox/process.h"

#include "vmm/sandbox/capabilities.h"
#include "vmm/sandbox/net_thread.h"

#include <errno.h>
#include <linux/kvm.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define KEEP_MAX 192u

/* How many descriptors the process may have; three, because ppoll takes no more than this. Those that
 * are open stay open. */
static rlim_t descriptors = 3;

/* What the run-time of AddressSanitizer calls by itself: test builds only. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

bool sandbox_close_others(const int *keep, unsigned n, struct problem *p)
{
    int sorted[KEEP_MAX];
    if (n > KEEP_MAX)
        return problem_set(p, EXIT_HOST, "too many descriptors to keep");
    memcpy(sorted, keep, n * sizeof(*keep));
    qsort(sorted, n, sizeof(*sorted), by_number);
    unsigned next = STDERR_FILENO + 1;
    for (unsigned i = 0; i < n; i++) {
        if (sorted[i] < (int)next)
            continue;
        unsigned fd = (unsigned)sorted[i];
        if (fd > next && close_range(next, fd - 1, 0))
            return problem_set(p, EXIT_HOST, "cannot close descriptors: %s", strerror(errno));
        next = fd + 1;
    }
    if (close_range(next, ~0u, 0))
        return problem_set(p, EXIT_HOST, "cannot close descriptors: %s", strerror(errno));
    return true;
}

static bool allow_calls(scmp_filter_ctx filter)
{
    static const int calls[] = {
        SCMP_SYS(read),          SCMP_SYS(write),
        SCMP_SYS(ppoll),         SCMP_SYS(sendto),
        SCMP_SYS(recvfrom),      /* the debugger's socket */
        SCMP_SYS(mincore),       /* which pages belong into a core */
        SCMP_SYS(clock_gettime), /* where the vDSO has no clock */
        SCMP_SYS(rt_sigreturn),  SCMP_SYS(restart_syscall),
        SCMP_SYS(exit),          SCMP_SYS(exit_group),
#ifdef SANITIZED
        SCMP_SYS(sigaltstack),   SCMP_SYS(mmap),
        SCMP_SYS(munmap),        SCMP_SYS(madvise),
        SCMP_SYS(gettid),        SCMP_SYS(getpid),
        SCMP_SYS(sched_yield),   SCMP_SYS(futex),
#endif
    };
    static const unsigned long requests[] = {KVM_RUN,       KVM_GET_REGS,  KVM_GET_SREGS,      KVM_GET_XSAVE,
                                             KVM_SET_SREGS, KVM_SET_XSAVE, KVM_SET_GUEST_DEBUG};
    for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, requests[i])))
            return false;
    /* A breakpoint in text makes its page writable for a moment; nothing is ever made executable. */
    if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                         SCMP_A2(SCMP_CMP_MASKED_EQ, ~(scmp_datum_t)(PROT_READ | PROT_WRITE), 0)))
        return false;
    /* Memory that the guest gives back. */
    if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(madvise), 1, SCMP_A2(SCMP_CMP_EQ, MADV_DONTNEED)))
        return false;
    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0))
            return false;
    return true;
}

static bool allow_kind(scmp_filter_ctx filter, enum sandbox_kind kind, bool files)
{
    switch (kind) {
    case SANDBOX_VM:
        return allow_calls(filter);
    case SANDBOX_NET_TAP:
        return sandbox_net_tap(filter);
    default:
        return sandbox_net_user(filter, files);
    }
}

/* User-mode networking opens a socket for each connection. */
static void raise_descriptors(void)
{
    struct rlimit now;
    if (getrlimit(RLIMIT_NOFILE, &now) == 0)
        descriptors = now.rlim_max < SANDBOX_SOCKETS ? now.rlim_max : SANDBOX_SOCKETS;
}

static bool set_limits(int resource, rlim_t value)
{
    struct rlimit limit = {value, value};
    return setrlimit(resource, &limit) == 0;
}

bool sandbox_enter(enum sandbox_kind kind, struct problem *p)
{
    if (kind == SANDBOX_NET_USER)
        raise_descriptors();
    /* No RLIMIT_NPROC: the first KVM_RUN of a VM may start a kernel thread in this user's name (kvm-nx-lpage-recovery)
     * and gives EAGAIN for ever where it must not. The filter lets this process start nothing anyway. */
    if (!set_limits(RLIMIT_CORE, 0) || !set_limits(RLIMIT_NOFILE, descriptors) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return problem_set(p, EXIT_HOST, "cannot confine a VM's process: %s", strerror(errno));
    bool files = kind == SANDBOX_NET_USER && sandbox_net_files();
    if (!sandbox_drop_capabilities())
        return problem_set(p, EXIT_HOST, "cannot confine a VM's process: %s", strerror(errno));
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    bool good = filter && allow_kind(filter, kind, files) && seccomp_load(filter) == 0;
    if (filter)
        seccomp_release(filter);
    return good || problem_set(p, EXIT_HOST, "cannot confine a VM's process: no seccomp filter");
}
