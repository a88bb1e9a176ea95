/* jemalloc maps nothing itself: guest/kernel/rt/heap/pages.c.
 * SPDX-License-Identifier: BSD-3-Clause */
