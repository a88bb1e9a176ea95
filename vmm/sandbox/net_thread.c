/* Seccomp rules of the network device's thread (seccomp(2)), and Landlock for libslirp's only file.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/sandbox/net_thread.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/sandbox/rules.h"

/* Both back ends: eventfds, stderr, sleeping, the end. */
static bool allow_common(scmp_filter_ctx filter)
{
    static const int calls[] = {
        SCMP_SYS(read),         SCMP_SYS(write), SCMP_SYS(readv),           SCMP_SYS(writev),
        SCMP_SYS(ppoll),        SCMP_SYS(futex), SCMP_SYS(clock_gettime),   SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(rt_sigreturn), SCMP_SYS(exit),  SCMP_SYS(restart_syscall), SCMP_SYS(exit_group),
    };
    return rules_allow(filter, calls, RULES_COUNT(calls));
}

bool sandbox_net_tap(scmp_filter_ctx filter)
{
    return allow_common(filter) && rules_allow_ioctl(filter, TUNSETOFFLOAD);
}

/* `type`: without the flags that the call takes as well. */
static bool allow_socket(scmp_filter_ctx filter, int family, int type, int protocol, uint32_t action)
{
    return seccomp_rule_add(filter, action, SCMP_SYS(socket), 3, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family),
                            SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, (scmp_datum_t)type),
                            SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)protocol)) == 0;
}

static bool allow_sockets_of(scmp_filter_ctx filter, int family, int ping)
{
    return allow_socket(filter, family, SOCK_STREAM, 0, SCMP_ACT_ALLOW) &&
           allow_socket(filter, family, SOCK_DGRAM, 0, SCMP_ACT_ALLOW) &&
           allow_socket(filter, family, SOCK_DGRAM, ping, SCMP_ACT_ALLOW) &&
           allow_socket(filter, family, SOCK_RAW, ping, SCMP_ACT_ERRNO(EPERM)); /* tried where SOCK_DGRAM cannot ping */
}

/* What libslirp sets; see the calls of setsockopt() in it. */
static bool allow_options(scmp_filter_ctx filter)
{
    static const struct {
        int level, name;
    } options[] = {{SOL_SOCKET, SO_REUSEADDR},        {SOL_SOCKET, SO_OOBINLINE},
                   {IPPROTO_TCP, TCP_NODELAY},        {IPPROTO_IP, IP_TTL},
                   {IPPROTO_IP, IP_RECVERR},          {IPPROTO_IPV6, IPV6_V6ONLY},
                   {IPPROTO_IPV6, IPV6_UNICAST_HOPS}, {IPPROTO_IPV6, IPV6_RECVERR}};
    for (unsigned i = 0; i < RULES_COUNT(options); i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 2,
                             SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)options[i].level),
                             SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)options[i].name)))
            return false;
    return true;
}

/* No F_SETOWN, with which a process can be made to signal others. */
static bool allow_flags(scmp_filter_ctx filter)
{
    static const int commands[] = {F_GETFL, F_SETFL, F_GETFD, F_SETFD};
    for (unsigned i = 0; i < RULES_COUNT(commands); i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                             SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)commands[i])))
            return false;
    return true;
}

static bool allow_sockets(scmp_filter_ctx filter)
{
    static const int calls[] = {
        SCMP_SYS(bind),       SCMP_SYS(connect), SCMP_SYS(listen),      SCMP_SYS(accept),      SCMP_SYS(accept4),
        SCMP_SYS(sendto),     SCMP_SYS(sendmsg), SCMP_SYS(recvfrom),    SCMP_SYS(recvmsg),     SCMP_SYS(shutdown),
        SCMP_SYS(getsockopt), SCMP_SYS(close),   SCMP_SYS(getsockname), SCMP_SYS(getpeername),
    };
    return allow_sockets_of(filter, AF_INET, IPPROTO_ICMP) && allow_sockets_of(filter, AF_INET6, IPPROTO_ICMPV6) &&
           allow_options(filter) && rules_allow(filter, calls, RULES_COUNT(calls)) && allow_flags(filter) &&
           rules_allow_ioctl(filter, FIONREAD) && rules_allow_ioctl(filter, FIONBIO);
}

/* libslirp reads /etc/resolv.conf again when it has changed. */
static bool allow_files(scmp_filter_ctx filter, bool files)
{
    static const int calls[] = {SCMP_SYS(newfstatat), SCMP_SYS(stat), SCMP_SYS(fstat), SCMP_SYS(lseek)};
    const int kinds[] = {SCMP_SYS(openat), SCMP_SYS(open)};
    for (unsigned i = 0; i < RULES_COUNT(kinds); i++)
        if (seccomp_rule_add(filter, files ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EACCES), kinds[i], 0))
            return false;
    return rules_allow(filter, calls, RULES_COUNT(calls));
}

bool sandbox_net_user(scmp_filter_ctx filter, bool files)
{
    static const int calls[] = {SCMP_SYS(getrandom), SCMP_SYS(gettimeofday), SCMP_SYS(gettid), SCMP_SYS(getpid)};
    return allow_common(filter) && rules_allow_memory(filter) && allow_sockets(filter) && allow_files(filter, files) &&
           rules_allow(filter, calls, RULES_COUNT(calls));
}

bool sandbox_net_files(void)
{
    int file = open("/etc/resolv.conf", O_PATH | O_CLOEXEC);
    bool good = rules_restrict_files(&file, 1, -1);
    if (file >= 0)
        close(file);
    return good;
}
