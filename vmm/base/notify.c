/* Adds one to an eventfd.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/base/notify.h"

#include <errno.h>
#include <unistd.h>

int notify(int event_fd)
{
    uint64_t one = 1;
    return write(event_fd, &one, sizeof(one)) < 0 && errno != EAGAIN ? -errno : 0;
}
