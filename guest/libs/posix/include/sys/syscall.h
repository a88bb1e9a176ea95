/* There are no system calls, hence no SYS_ numbers; for programs that include this and use it only where Linux has
 * something more.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_SYS_SYSCALL_H
#define BH_SYS_SYSCALL_H
#endif
