/*
 * Widths of the POSIX types that picolibc would make 16 bits wide on a bare machine.
 *
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Forced into every guest translation unit (-include), the C library's own included: two objects
 * that disagreed on these would disagree on the layout of struct stat without any warning.
 * The macros are those that picolibc's <sys/_types.h> asks <machine/_types.h> for. */
#ifndef BH_MACHINE_TYPES_H
#define BH_MACHINE_TYPES_H

#ifndef __ASSEMBLER__

typedef __UINT64_TYPE__ __dev_t;
#define __machine_dev_t_defined

typedef __UINT64_TYPE__ __ino_t;
typedef __UINT64_TYPE__ __ino64_t;
#define __machine_ino_t_defined

typedef __UINT32_TYPE__ __uid_t;
#define __machine_uid_t_defined

typedef __UINT32_TYPE__ __gid_t;
#define __machine_gid_t_defined

#endif /* __ASSEMBLER__ */

#endif /* BH_MACHINE_TYPES_H */
