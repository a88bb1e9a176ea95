/* What jemalloc's configure script would find out about a compartment.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Compartments of a few MiB are usual, so what jemalloc reserves at a time is small: LG_HUGEPAGE is its step, and with
 * LG_VADDR above 48 its tree of addresses has three levels of 32 to 64 KiB instead of two of 2 MiB. Threads are
 * cooperative and the allocator never blocks, so it has no locks (<pthread.h> beside this) and one thread's state. */
#ifndef BH_JEMALLOC_INTERNAL_DEFS_H
#define BH_JEMALLOC_INTERNAL_DEFS_H

#define JEMALLOC_PRIVATE_NAMESPACE je_
#define JEMALLOC_NO_PRIVATE_NAMESPACE /* its own names are made local when it is linked */
#define JEMALLOC_CONFIG_MALLOC_CONF ""
#define JEMALLOC_EXPORT

#define LG_PAGE 12
#define LG_HUGEPAGE 16
#define LG_VADDR 49
#define LG_SIZEOF_INT 2
#define LG_SIZEOF_LONG 3
#define LG_SIZEOF_LONG_LONG 3
#define LG_SIZEOF_INTMAX_T 3

#define CPU_SPINWAIT __asm__ volatile("pause")
#define HAVE_CPU_SPINWAIT 1
#define JEMALLOC_GCC_ATOMIC_ATOMICS
#define JEMALLOC_GCC_U8_ATOMIC_ATOMICS
#define JEMALLOC_HAVE_BUILTIN_CLZ
#define JEMALLOC_INTERNAL_UNREACHABLE __builtin_trap /* functions without a byte confuse libdw */
#define JEMALLOC_INTERNAL_FFSLL __builtin_ffsll
#define JEMALLOC_INTERNAL_FFSL __builtin_ffsl
#define JEMALLOC_INTERNAL_FFS __builtin_ffs
#define JEMALLOC_INTERNAL_POPCOUNTL __builtin_popcountl
#define JEMALLOC_INTERNAL_POPCOUNT __builtin_popcount
#define JEMALLOC_HAS_RESTRICT
#define JEMALLOC_HAVE_CLOCK_MONOTONIC
#define JEMALLOC_HAVE_CLOCK_REALTIME

#define JEMALLOC_HAVE_PTHREAD
#define JEMALLOC_TLS
#define JEMALLOC_TLS_MODEL
#define __thread /* of TLS a compartment has one page for each thread */

#define JEMALLOC_MAPS_COALESCE
#define JEMALLOC_RETAIN
#define JEMALLOC_ZERO_REALLOC_DEFAULT_FREE

/* What it asks of a system at its start; compartments have no such settings. */
#include <stdlib.h>
#include <unistd.h>
#define JEMALLOC_HAVE_SECURE_GETENV
#define secure_getenv(name) NULL
#define readlink(path, buffer, size) (-1)

#endif
