/* Confinement of crash collector, debug session and metrics (seccomp(2), prctl(2)).
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/sandbox/watchers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "vmm/sandbox/capabilities.h"
#include "vmm/sandbox/identity.h"
#include "vmm/sandbox/rules.h"

#define FILES_MAX 128u /* images of an appliance, and the core's */

/* Sleeping, the end, output, and what the C library calls by itself. */
static bool allow_common(scmp_filter_ctx filter)
{
    static const int calls[] = {
        SCMP_SYS(read),          SCMP_SYS(write),          SCMP_SYS(poll),         SCMP_SYS(ppoll),
        SCMP_SYS(close),         SCMP_SYS(fstat),          SCMP_SYS(newfstatat),   SCMP_SYS(futex),
        SCMP_SYS(clock_gettime), SCMP_SYS(getrandom),      SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
        SCMP_SYS(exit),          SCMP_SYS(rt_sigprocmask), SCMP_SYS(exit_group),   SCMP_SYS(lseek),
    };
    return rules_allow(filter, calls, RULES_COUNT(calls)) && rules_allow_memory(filter);
}

static bool allow_reading(scmp_filter_ctx filter, bool files)
{
    const scmp_datum_t writing = O_ACCMODE | O_CREAT | O_TRUNC;
    return seccomp_rule_add(filter, files ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, writing, O_RDONLY)) == 0;
}

static bool allow_collector(scmp_filter_ctx filter)
{
    static const int calls[] = {
        SCMP_SYS(openat),     SCMP_SYS(pread64),  SCMP_SYS(pwrite64),     SCMP_SYS(ftruncate),
        SCMP_SYS(getdents64), SCMP_SYS(unlinkat), SCMP_SYS(memfd_create), SCMP_SYS(getcwd),
        SCMP_SYS(readlink),   SCMP_SYS(sysinfo), /* qsort() */
    };
    static const int commands[] = {F_GETFL, F_GETFD, F_SETFD, F_DUPFD_CLOEXEC};
    for (unsigned i = 0; i < RULES_COUNT(commands); i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                             SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)commands[i])))
            return false;
    return rules_allow(filter, calls, RULES_COUNT(calls));
}

static bool allow_session(scmp_filter_ctx filter)
{
    static const int calls[] = {SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(getpid)};
    return rules_allow(filter, calls, RULES_COUNT(calls));
}

static bool allow_metrics(scmp_filter_ctx filter, bool files)
{
    static const int calls[] = {SCMP_SYS(accept4), SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(shutdown)};
    return rules_allow(filter, calls, RULES_COUNT(calls)) && allow_reading(filter, files);
}

static bool allow_kind(scmp_filter_ctx filter, enum watcher kind, bool files)
{
    switch (kind) {
    case WATCHER_COLLECTOR:
        return allow_collector(filter);
    case WATCHER_SESSION:
        return allow_session(filter);
    default:
        return allow_metrics(filter, files);
    }
}

/* False: this kernel has no Landlock. */
static bool restrict_files(enum watcher kind, const char *const *images, unsigned n, int directory)
{
    int files[FILES_MAX + 1];
    unsigned opened = 0;
    for (; opened < n && opened < FILES_MAX; opened++)
        files[opened] = open(images[opened], O_PATH | O_CLOEXEC);
    if (kind == WATCHER_METRICS)
        files[opened++] = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool good = rules_restrict_files(files, opened, directory);
    while (opened)
        close(files[--opened]);
    return good;
}

bool sandbox_watcher(enum watcher kind, const char *const *images, unsigned n, int directory, struct problem *p)
{
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) || setrlimit(RLIMIT_NPROC, &none) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return problem_set(p, EXIT_HOST, "cannot confine a process: %s", strerror(errno));
    bool files = restrict_files(kind, images, n, directory);
    if (kind != WATCHER_COLLECTOR)
        sandbox_open_as_nobody();
    if (!sandbox_drop_capabilities())
        return problem_set(p, EXIT_HOST, "cannot confine a process: %s", strerror(errno));
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    bool good = filter && allow_common(filter) && allow_kind(filter, kind, files) && seccomp_load(filter) == 0;
    if (filter)
        seccomp_release(filter);
    return good || problem_set(p, EXIT_HOST, "cannot confine a process: no seccomp filter");
}
