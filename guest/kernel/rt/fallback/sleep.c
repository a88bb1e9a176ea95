/* Sleeping that no signal interrupts.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <time.h>

#include "fallback.h"

FALLBACK int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    if (wanted->tv_sec < 0 || wanted->tv_nsec < 0 || wanted->tv_nsec >= 1000000000) {
        errno = EINVAL;
        return -1;
    }
    bh_sleep((uint64_t)wanted->tv_sec * 1000000000 + (uint64_t)wanted->tv_nsec);
    if (left)
        *left = (struct timespec){0};
    return 0;
}
