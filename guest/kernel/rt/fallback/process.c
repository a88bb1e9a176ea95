/* One process, no signals.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "fallback.h"

FALLBACK int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    (void)how, (void)set;
    if (old)
        *old = 0;
    return 0; /* nothing interrupts a compartment */
}

FALLBACK pid_t getpid(void)
{
    return 1;
}

FALLBACK int kill(pid_t pid, int signal)
{
    (void)pid, (void)signal;
    errno = ENOSYS;
    return -1;
}
