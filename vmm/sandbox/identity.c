/* Gives up the identity of root (credentials(7), setfsuid(2)).
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/sandbox/identity.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool left_root; /* this process or the one that forked it was root's */

uid_t sandbox_owner(void)
{
    return left_root ? 0 : geteuid();
}

/* Changing the user clears the effective set. */
static bool restore_capabilities(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &head, sets))
        return false;
    for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        sets[i].effective = sets[i].permitted;
    return syscall(SYS_capset, &head, sets) == 0;
}

bool sandbox_leave_root(struct problem *p)
{
    if (geteuid())
        return true;
    bool good = prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0;
    if (good && setresgid(SANDBOX_NOBODY, SANDBOX_NOBODY, SANDBOX_NOBODY) && errno == EINVAL)
        return true; /* a user namespace without nobody */
    good = good && setgroups(0, NULL) == 0 && setresgid(SANDBOX_NOBODY, SANDBOX_NOBODY, SANDBOX_NOBODY) == 0 &&
           setresuid(SANDBOX_NOBODY, SANDBOX_NOBODY, SANDBOX_NOBODY) == 0 && restore_capabilities();
    left_root = good;
    return good || problem_set(p, EXIT_HOST, "cannot become an unprivileged user: %s", strerror(errno));
}

void sandbox_open_as(uid_t user, gid_t group)
{
    if (!left_root)
        return;
    int signo = 0;
    pid_t parent = getppid();
    prctl(PR_GET_PDEATHSIG, &signo);
    setfsgid(group);
    setfsuid(user); /* this has cleared the signal */
    if (signo && (prctl(PR_SET_PDEATHSIG, signo) || getppid() != parent))
        _exit(0);
}

void sandbox_open_as_nobody(void)
{
    sandbox_open_as(SANDBOX_NOBODY, SANDBOX_NOBODY);
}
