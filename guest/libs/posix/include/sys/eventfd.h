/* eventfd: a counter to wait for.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_SYS_EVENTFD_H
#define BH_SYS_EVENTFD_H

#include <stdint.h>

#define EFD_SEMAPHORE 1
#define EFD_NONBLOCK  04000
#define EFD_CLOEXEC   02000000

typedef uint64_t eventfd_t;
int eventfd(unsigned initial, int flags);
int eventfd_read(int fd, eventfd_t *value);
int eventfd_write(int fd, eventfd_t value);

#endif
