/* The C library's <signal.h>; here the operations on sets refuse numbers that are no signals.
 * SPDX-License-Identifier: BSD-3-Clause */
#include_next <signal.h>
#ifndef BH_SIGNAL_H
#define BH_SIGNAL_H

#include <errno.h>

#undef sigaddset
#define sigaddset(set, number) bh_sigaddset(set, number)
#undef sigdelset
#define sigdelset(set, number) bh_sigdelset(set, number)
#undef sigismember
#define sigismember(set, number) bh_sigismember(set, number)

static inline int bh_check_signal(int number)
{
    if (number > 0 && number < _NSIG)
        return 0;
    errno = EINVAL;
    return -1;
}

static inline int bh_sigaddset(sigset_t *set, int number)
{
    return bh_check_signal(number) ? -1 : (*set |= (sigset_t)1 << number, 0);
}

static inline int bh_sigdelset(sigset_t *set, int number)
{
    return bh_check_signal(number) ? -1 : (*set &= ~((sigset_t)1 << number), 0);
}

static inline int bh_sigismember(const sigset_t *set, int number)
{
    return bh_check_signal(number) ? -1 : (*set & (sigset_t)1 << number) != 0;
}

#endif
