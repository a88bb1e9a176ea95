/* Landlock (Documentation/userspace-api/landlock.rst), namespaces(7) and seccomp(2) for a mount's process.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/sandbox/mount.h"

#include "vmm/sandbox/capabilities.h"
#include "vmm/sandbox/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Rights of later versions than the kernel headers may know. */
#define RIGHT(n)    (1ull << (n))
#define EXECUTE     RIGHT(0)
#define WRITE_FILE  RIGHT(1)
#define READ_FILE   RIGHT(2)
#define READ_DIR    RIGHT(3)
#define REMOVE_DIR  RIGHT(4)
#define REMOVE_FILE RIGHT(5)
#define MAKE_DIR    RIGHT(7)
#define MAKE_REG    RIGHT(8)
#define MAKE_SYM    RIGHT(12)
#define REFER       RIGHT(13) /* version 2 */
#define TRUNCATE    RIGHT(14) /* version 3 */
#define READING     (READ_FILE | READ_DIR)
#define WRITING     (WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SYM | REFER | TRUNCATE)

void sandbox_signals(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, normal = {.sa_handler = SIG_DFL};
    sigset_t none;
    sigaction(SIGINT, &ignore, NULL);
    sigaction(SIGTERM, &ignore, NULL);
    sigaction(SIGHUP, &ignore, NULL);
    sigaction(SIGQUIT, &ignore, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL); /* EFBIG tells the guest */
    sigaction(SIGUSR1, &normal, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* False: this kernel cannot do it. Version 1 of Landlock cannot allow renames between directories. */
static bool enter_landlock(int directory, bool read_only)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 2)
        return false;
    uint64_t known = RIGHT(14) - 1; /* of version 2 */
    known |= version >= 3 ? TRUNCATE : 0;
    const struct landlock_ruleset_attr handled = {.handled_access_fs = known};
    const struct landlock_path_beneath_attr rule = {.allowed_access = (read_only ? READING : READING | WRITING) & known,
                                                    .parent_fd = directory};
    int set = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
    bool good = set >= 0 && !syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) &&
                !syscall(SYS_landlock_restrict_self, set, 0);
    if (set >= 0)
        close(set);
    return good;
}

/* Makes the directory the root, for what Landlock does not cover, such as reading links. `proc` becomes a mount of its
 * own, whose ".." leads nowhere. Only a process without the right needs a user namespace for that. False: this kernel,
 * or who administers it, does not let us. */
static bool enter_own_root(int directory, int proc)
{
    if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
        return false;
    int detached = (int)syscall(SYS_open_tree, AT_FDCWD, "/proc/self/fd", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    bool good = detached >= 0 && dup3(detached, proc, O_CLOEXEC) == proc && !fchdir(directory) && !chroot(".");
    if (detached >= 0)
        close(detached);
    return good;
}

/* What a server of either kind calls. None takes a path but `openat`, `openat2` and `readlinkat`. */
static const int reading_calls[] = {
    SCMP_SYS(read),    SCMP_SYS(write),           SCMP_SYS(ppoll),      SCMP_SYS(close),        SCMP_SYS(openat),
    SCMP_SYS(openat2), SCMP_SYS(fstat),           SCMP_SYS(preadv),     SCMP_SYS(preadv2),      SCMP_SYS(lseek),
    SCMP_SYS(fsync),   SCMP_SYS(fdatasync),       SCMP_SYS(getdents64), SCMP_SYS(flock),        SCMP_SYS(readlinkat),
    SCMP_SYS(fstatfs), SCMP_SYS(exit_group),      SCMP_SYS(exit),       SCMP_SYS(rt_sigreturn), SCMP_SYS(brk),
    SCMP_SYS(munmap),  SCMP_SYS(restart_syscall),
};

/* What only one calls that may change files. Those with paths are Landlock's, too. */
static const int writing_calls[] = {
    SCMP_SYS(pwritev),   SCMP_SYS(pwritev2), SCMP_SYS(ftruncate), SCMP_SYS(fallocate), SCMP_SYS(fchmod),
    SCMP_SYS(symlinkat), SCMP_SYS(linkat),   SCMP_SYS(mkdirat),   SCMP_SYS(unlinkat),  SCMP_SYS(renameat2),
};

static bool allow_list(scmp_filter_ctx filter, const int *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0))
            return false;
    return true;
}

static bool allow_calls(scmp_filter_ctx filter, bool read_only)
{
    const struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    const struct scmp_arg_cmp no_path = SCMP_A1(SCMP_CMP_EQ, 0);
    return allow_list(filter, reading_calls, sizeof(reading_calls) / sizeof(*reading_calls)) &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_code) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, F_OFD_GETLK)) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, F_OFD_SETLK)) == 0 &&
           (read_only || (allow_list(filter, writing_calls, sizeof(writing_calls) / sizeof(*writing_calls)) &&
                          seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(utimensat), 1, no_path) == 0));
}

static bool set_limits(void)
{
    struct rlimit none = {0, 0}, files;
    if (setrlimit(RLIMIT_CORE, &none) || setrlimit(RLIMIT_NPROC, &none) || getrlimit(RLIMIT_NOFILE, &files))
        return false;
    files.rlim_cur = files.rlim_max; /* one for each node that the guest knows */
    return setrlimit(RLIMIT_NOFILE, &files) == 0;
}

bool sandbox_fs(int directory, int proc, bool read_only, struct problem *p)
{
    struct stat st;
    umask(0); /* the guest's own was applied already */
    bool own_root = enter_own_root(directory, proc);
    if (!set_limits() || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return problem_set(p, EXIT_HOST, "cannot confine a mount's process: %s", strerror(errno));
    if (!enter_landlock(directory, read_only) && !own_root) {
        return problem_set(p, EXIT_HOST,
                           "cannot confine a mount's process: this kernel has neither Landlock "
                           "(version 2, Linux 5.19) nor user namespaces");
    }
    if (fstat(directory, &st))
        return problem_set(p, EXIT_HOST, "cannot confine a mount's process: %s", strerror(errno));
    sandbox_open_as(st.st_uid, st.st_gid);
    if (!sandbox_drop_capabilities())
        return problem_set(p, EXIT_HOST, "cannot confine a mount's process: %s", strerror(errno));
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    bool good = filter && allow_calls(filter, read_only) && seccomp_load(filter) == 0;
    if (filter)
        seccomp_release(filter);
    return good || problem_set(p, EXIT_HOST, "cannot confine a mount's process: no seccomp filter");
}
