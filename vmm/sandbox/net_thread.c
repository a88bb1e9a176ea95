/* Seccomp rules of the network device's thread (seccomp(2)), and Landlock for libslirp's only file
 * (Documentation/userspace-api/landlock.rst).
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/sandbox/net_thread.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/landlock.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static bool allow_all(scmp_filter_ctx filter, const int *calls, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0))
            return false;
    return true;
}

static bool allow_ioctl(scmp_filter_ctx filter, unsigned long request)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, request)) == 0;
}

/* Both back ends: eventfds, stderr, sleeping, the end. */
static bool allow_common(scmp_filter_ctx filter)
{
    static const int calls[] = {
        SCMP_SYS(read),         SCMP_SYS(write), SCMP_SYS(readv),           SCMP_SYS(writev),
        SCMP_SYS(ppoll),        SCMP_SYS(futex), SCMP_SYS(clock_gettime),   SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(rt_sigreturn), SCMP_SYS(exit),  SCMP_SYS(restart_syscall), SCMP_SYS(exit_group),
    };
    return allow_all(filter, calls, COUNT(calls));
}

bool sandbox_net_tap(scmp_filter_ctx filter)
{
    return allow_common(filter) && allow_ioctl(filter, TUNSETOFFLOAD);
}

/* Memory for libslirp; none of it executable. */
static bool allow_memory(scmp_filter_ctx filter)
{
    static const int calls[] = {SCMP_SYS(munmap), SCMP_SYS(brk), SCMP_SYS(madvise), SCMP_SYS(mremap)};
    const struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    return allow_all(filter, calls, COUNT(calls)) &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_code) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_code) == 0;
}

/* `type`: without the flags that the call takes as well. */
static bool allow_socket(scmp_filter_ctx filter, int family, int type, uint32_t action)
{
    return seccomp_rule_add(filter, action, SCMP_SYS(socket), 2, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family),
                            SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, (scmp_datum_t)type)) == 0;
}

static bool allow_sockets(scmp_filter_ctx filter)
{
    static const int calls[] = {
        SCMP_SYS(bind),       SCMP_SYS(connect),    SCMP_SYS(listen),      SCMP_SYS(accept),
        SCMP_SYS(accept4),    SCMP_SYS(sendto),     SCMP_SYS(sendmsg),     SCMP_SYS(recvfrom),
        SCMP_SYS(recvmsg),    SCMP_SYS(shutdown),   SCMP_SYS(getsockname), SCMP_SYS(getpeername),
        SCMP_SYS(setsockopt), SCMP_SYS(getsockopt), SCMP_SYS(close),       SCMP_SYS(fcntl),
    };
    static const int families[] = {AF_INET, AF_INET6};
    for (unsigned i = 0; i < COUNT(families); i++)
        if (!allow_socket(filter, families[i], SOCK_STREAM, SCMP_ACT_ALLOW) ||
            !allow_socket(filter, families[i], SOCK_DGRAM, SCMP_ACT_ALLOW) ||
            !allow_socket(filter, families[i], SOCK_RAW,
                          SCMP_ACT_ERRNO(EPERM))) /* tried where SOCK_DGRAM cannot ping */
            return false;
    return allow_all(filter, calls, COUNT(calls)) && allow_ioctl(filter, FIONREAD) && allow_ioctl(filter, FIONBIO);
}

/* libslirp reads /etc/resolv.conf again when it has changed. */
static bool allow_files(scmp_filter_ctx filter, bool files)
{
    static const int calls[] = {SCMP_SYS(newfstatat), SCMP_SYS(stat), SCMP_SYS(fstat), SCMP_SYS(lseek)};
    const int kinds[] = {SCMP_SYS(openat), SCMP_SYS(open)};
    for (unsigned i = 0; i < COUNT(kinds); i++)
        if (seccomp_rule_add(filter, files ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EACCES), kinds[i], 0))
            return false;
    return allow_all(filter, calls, COUNT(calls));
}

bool sandbox_net_user(scmp_filter_ctx filter, bool files)
{
    static const int calls[] = {SCMP_SYS(getrandom), SCMP_SYS(gettimeofday), SCMP_SYS(gettid), SCMP_SYS(getpid)};
    return allow_common(filter) && allow_memory(filter) && allow_sockets(filter) && allow_files(filter, files) &&
           allow_all(filter, calls, COUNT(calls));
}

static bool restrict_to(int file)
{
    /* Every right of the first version of Landlock; what is not handled is not restricted, and
     * later versions add nothing with which a file could be read or written. */
    const struct landlock_ruleset_attr handled = {.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
    const struct landlock_path_beneath_attr rule = {.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE, .parent_fd = file};
    int set = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
    bool good = set >= 0;
    if (good && file >= 0)
        good = !syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    good = good && !syscall(SYS_landlock_restrict_self, set, 0);
    if (set >= 0)
        close(set);
    return good;
}

bool sandbox_net_files(void)
{
    int file = open("/etc/resolv.conf", O_PATH | O_CLOEXEC);
    bool good = restrict_to(file);
    if (file >= 0)
        close(file);
    return good;
}
