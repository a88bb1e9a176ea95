/* Processes that were taken over: each forbidden thing is tried from inside the sandbox of each kind of process.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "vmm/sandbox/identity.h"
#include "vmm/sandbox/process.h"
#include "vmm/sandbox/watchers.h"

enum { KILLED = 1000 }; /* what comes of an attempt: this, 0, or its error */

enum kind { VM, NET_TAP, NET_USER, COLLECTOR, SESSION, METRICS, KINDS };
#define BIT(kind) (1u << (kind))
#define ALL       (BIT(KINDS) - 1)

static char place[64], image[80];
static int directory, spare, kept;

typedef long attempt_function(void);

static bool confine(enum kind kind, struct problem *p)
{
    static const enum sandbox_kind threads[] = {SANDBOX_VM, SANDBOX_NET_TAP, SANDBOX_NET_USER};
    static const enum watcher watchers[] = {WATCHER_COLLECTOR, WATCHER_SESSION, WATCHER_METRICS};
    const char *images[] = {image};
    if (!sandbox_leave_root(p))
        return false;
    if (kind <= NET_USER)
        return sandbox_enter(threads[kind], p);
    sandbox_open_as(sandbox_owner(), 0);
    return sandbox_watcher(watchers[kind - COLLECTOR], images, 1, kind == COLLECTOR ? directory : -1, p);
}

/* What comes of `attempt` in a child that is confined like a process of this kind, and was started by this user. */
static long confined(attempt_function *attempt, enum kind kind, uid_t user)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        struct problem problem = {0};
        if (user && (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresuid, user, user, user)))
            _exit(99);
        directory = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
        kept = open("/dev/null", O_WRONLY | O_CLOEXEC);
        spare = open("/dev/null", O_WRONLY | O_CLOEXEC);
        const int keep[] = {directory, kept};
        if (spare < 0 || !sandbox_close_others(keep, 2, &problem) || !confine(kind, &problem))
            _exit(99);
        long error = attempt() < 0 ? errno : 0;
        syscall(SYS_exit_group, error); /* a sanitizer's _exit() would do what nobody here may */
    }
    if (waitpid(child, &status, 0) != child)
        return -1;
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? KILLED : WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- What nobody may ---- */

static long raw_tcp(void)
{
    return syscall(SYS_socket, AF_INET, SOCK_RAW, IPPROTO_TCP);
}

static long raw_ip(void)
{
    return syscall(SYS_socket, AF_INET, SOCK_RAW, IPPROTO_RAW);
}

static long packet_socket(void)
{
    return syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0x300);
}

static long old_packet_socket(void)
{
    return syscall(SYS_socket, AF_INET, SOCK_PACKET, 0x300);
}

static long unix_socket(void)
{
    return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
}

static long netlink_socket(void)
{
    return syscall(SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
}

static long vsock(void)
{
    return syscall(SYS_socket, AF_VSOCK, SOCK_STREAM, 0);
}

static long other_stream(void)
{
    return syscall(SYS_socket, AF_INET, SOCK_STREAM, 262 /* IPPROTO_MPTCP */);
}

static long other_datagram(void)
{
    return syscall(SYS_socket, AF_INET, SOCK_DGRAM, 136 /* IPPROTO_UDPLITE */);
}

static long firewall_option(void)
{
    char buffer[64] = "";
    return syscall(SYS_setsockopt, kept, IPPROTO_IP, 64 /* IPT_SO_SET_REPLACE */, buffer, sizeof(buffer));
}

static long device_option(void)
{
    return syscall(SYS_setsockopt, kept, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3);
}

static long filter_option(void)
{
    return syscall(SYS_setsockopt, kept, SOL_SOCKET, SO_ATTACH_FILTER, "", 0);
}

static long transparent_option(void)
{
    int one = 1;
    return syscall(SYS_setsockopt, kept, IPPROTO_IP, IP_TRANSPARENT, &one, sizeof(one));
}

static long chmod_file(void)
{
    return syscall(SYS_chmod, image, 04755);
}

static long fchmodat_file(void)
{
    return syscall(SYS_fchmodat, AT_FDCWD, image, 04755);
}

static long fchmod_file(void)
{
    return syscall(SYS_fchmod, kept, 04755);
}

static long chown_file(void)
{
    return syscall(SYS_fchownat, AT_FDCWD, image, 1, 1, 0);
}

static long trace(void)
{
    return syscall(SYS_ptrace, PTRACE_ATTACH, 1, 0, 0);
}

static long read_other_memory(void)
{
    return syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0);
}

static long execute(void)
{
    char *none[] = {NULL};
    return syscall(SYS_execve, "/bin/true", none, none);
}

static long fork_process(void)
{
    return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static long signal_other(void)
{
    return syscall(SYS_kill, 1, 0);
}

static long signal_thread(void)
{
    return syscall(SYS_tgkill, 1, 1, 0);
}

static long own_descriptor(void)
{
    return syscall(SYS_fcntl, kept, F_SETOWN, 1);
}

static long become_root(void)
{
    return syscall(SYS_setresuid, 0, 0, 0);
}

static long open_as_root(void)
{
    return syscall(SYS_setfsuid, 0);
}

static long new_namespace(void)
{
    return syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */);
}

static long change_root(void)
{
    return syscall(SYS_chroot, "/");
}

static long executable_memory(void)
{
    return syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static long make_executable(void)
{
    return syscall(SYS_mprotect, (unsigned long)&place & ~4095ul, 4096, PROT_READ | PROT_EXEC);
}

static long load_bpf(void)
{
    return syscall(SYS_bpf, 0, NULL, 0);
}

static long submission_ring(void)
{
    return syscall(SYS_io_uring_setup, 1, NULL);
}

static long raise_limit(void)
{
    return syscall(SYS_prlimit64, 0, 7, NULL, NULL);
}

static long link_file(void)
{
    return syscall(SYS_linkat, AT_FDCWD, image, AT_FDCWD, "/tmp/stolen", 0);
}

static long rename_file(void)
{
    return syscall(SYS_renameat2, AT_FDCWD, image, AT_FDCWD, "/tmp/stolen", 0);
}

/* ---- What some may, elsewhere ---- */

static long any_socket(void)
{
    return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static long raw_ping(void)
{
    return syscall(SYS_socket, AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static long open_shadow(void)
{
    return syscall(SYS_openat, AT_FDCWD, "/etc/shadow", O_RDONLY);
}

static long open_passwd(void)
{
    return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
}

static long write_file(void)
{
    return syscall(SYS_openat, AT_FDCWD, image, O_WRONLY);
}

static long make_file(void)
{
    return syscall(SYS_openat, AT_FDCWD, "/tmp/bulkhead-forbidden", O_WRONLY | O_CREAT, 0600);
}

static long remove_file(void)
{
    return syscall(SYS_unlinkat, AT_FDCWD, image, 0);
}

static long read_image(void)
{
    return syscall(SYS_openat, AT_FDCWD, image, O_RDONLY);
}

static long read_proc(void)
{
    return syscall(SYS_openat, AT_FDCWD, "/proc/self/stat", O_RDONLY);
}

static long save_report(void)
{
    int fd = (int)syscall(SYS_openat, directory, "report.txt", O_WRONLY | O_CREAT | O_EXCL, 0600);
    return fd < 0 || syscall(SYS_write, fd, "x", 1) != 1 ? -1 : syscall(SYS_unlinkat, directory, "report.txt", 0);
}

static long use_kept(void)
{
    return syscall(SYS_write, kept, "x", 1);
}

static long use_spare(void)
{
    return syscall(SYS_write, spare, "x", 1);
}

static const struct {
    attempt_function *attempt;
    unsigned kinds; /* those for which it is tried */
    int outcome;    /* KILLED, an error, or 0 */
} attempts[] = {
    {raw_tcp, ALL, KILLED},
    {raw_ip, ALL, KILLED},
    {packet_socket, ALL, KILLED},
    {old_packet_socket, ALL, KILLED},
    {unix_socket, ALL, KILLED},
    {netlink_socket, ALL, KILLED},
    {vsock, ALL, KILLED},
    {other_stream, ALL, KILLED},
    {other_datagram, ALL, KILLED},
    {firewall_option, ALL, KILLED},
    {device_option, ALL, KILLED},
    {filter_option, ALL, KILLED},
    {transparent_option, ALL, KILLED},
    {chmod_file, ALL, KILLED},
    {fchmodat_file, ALL, KILLED},
    {fchmod_file, ALL, KILLED},
    {chown_file, ALL, KILLED},
    {trace, ALL, KILLED},
    {read_other_memory, ALL, KILLED},
    {execute, ALL, KILLED},
    {fork_process, ALL, KILLED},
    {signal_other, ALL, KILLED},
    {signal_thread, ALL, KILLED},
    {own_descriptor, ALL, KILLED},
    {become_root, ALL, KILLED},
    {open_as_root, ALL, KILLED},
    {new_namespace, ALL, KILLED},
    {change_root, ALL, KILLED},
    {make_executable, ALL, KILLED},
    {load_bpf, ALL, KILLED},
    {submission_ring, ALL, KILLED},
    {raise_limit, ALL, KILLED},
    {link_file, ALL, KILLED},
    {rename_file, ALL, KILLED},
    {executable_memory, ALL & ~BIT(VM), KILLED}, /* a sanitizer's VM process may map memory */
    {any_socket, ALL & ~BIT(NET_USER), KILLED},
    {any_socket, BIT(NET_USER), 0},
    {raw_ping, BIT(NET_USER), EPERM},
    {open_shadow, BIT(VM) | BIT(NET_TAP) | BIT(SESSION), KILLED},
    {open_shadow, BIT(NET_USER) | BIT(COLLECTOR) | BIT(METRICS), EACCES},
    {open_passwd, BIT(NET_USER) | BIT(COLLECTOR) | BIT(METRICS), EACCES},
    {write_file, BIT(NET_USER) | BIT(COLLECTOR), EACCES},
    {write_file, BIT(METRICS), KILLED},
    {make_file, BIT(NET_USER) | BIT(COLLECTOR), EACCES},
    {make_file, BIT(METRICS), KILLED},
    {remove_file, ALL & ~BIT(COLLECTOR), KILLED},
    {remove_file, BIT(COLLECTOR), EACCES},
    {use_spare, ALL, EBADF},
    /* The test would pass as well if nothing worked at all. */
    {use_kept, ALL, 0},
    {read_image, BIT(COLLECTOR), 0},
    {save_report, BIT(COLLECTOR), 0},
    {read_proc, BIT(METRICS), 0},
};

static uid_t started_by;

static void each_kind_of_process(void)
{
    for (size_t i = 0; i < sizeof(attempts) / sizeof(*attempts); i++) {
        for (int kind = 0; kind < KINDS; kind++) {
            if (!(attempts[i].kinds & BIT(kind)))
                continue;
            long outcome = confined(attempts[i].attempt, kind, started_by);
            if (outcome != attempts[i].outcome)
                printf("# attempt %zu, kind %d, user %u: %ld\n", i, kind, (unsigned)started_by, outcome);
            CHECK(outcome == attempts[i].outcome);
        }
    }
}

static void a15_started_by_root(void)
{
    started_by = 0;
    each_kind_of_process();
}

static void a15_started_by_a_user(void)
{
    started_by = geteuid() ? 0 : SANDBOX_NOBODY;
    if (!geteuid())
        CHECK(!chown(place, SANDBOX_NOBODY, SANDBOX_NOBODY));
    each_kind_of_process();
}

/* Nothing of root is left that a later change could bring back. */
static void a5_identity_of_root_is_gone(void)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        struct problem p = {0};
        uid_t real, effective, saved;
        if (!sandbox_leave_root(&p) || getresuid(&real, &effective, &saved) || sandbox_owner() != 0)
            _exit(1);
        sandbox_open_as(0, 0);
        sandbox_open_as_nobody();
        _exit(real != SANDBOX_NOBODY || effective != real || saved != real || getgroups(0, NULL) != 0);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void make_files(void)
{
    umask(0);
    strcpy(place, "/tmp/bulkhead-forbidden-XXXXXX");
    if (!mkdtemp(place))
        abort();
    snprintf(image, sizeof(image), "%s.image", place);
    int fd = open(image, O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (fd < 0)
        abort();
    close(fd);
}

int main(void)
{
    make_files();
    if (!geteuid()) {
        RUN(a5_identity_of_root_is_gone);
        RUN(a15_started_by_root);
    }
    RUN(a15_started_by_a_user);
    unlink(image);
    rmdir(place);
    return CHECK_RESULT();
}
