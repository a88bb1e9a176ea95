/* What lwIP asks about compiler and platform.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef NET_ARCH_CC_H
#define NET_ARCH_CC_H

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/types.h>

#ifndef SSIZE_MAX
#define SSIZE_MAX LONG_MAX
#endif
#define LWIP_ERRNO_STDINCLUDE 1
#define LWIP_TIMEVAL_PRIVATE  0
#define LWIP_NO_CTYPE_H       0

void net_assert_failed(const char *message) __attribute__((noreturn, cold));
uint32_t net_random(void);

#define LWIP_PLATFORM_ASSERT(message) net_assert_failed(message)
#define LWIP_PLATFORM_DIAG(arguments) ((void)0)
#define LWIP_RAND()                   net_random()

#endif
