/* What nginx's configure would find out about headers: they are the POSIX layer's, which speaks Linux's interface.
 * SPDX-License-Identifier: BSD-3-Clause */
#define NGX_LINUX              1
#define NGX_HAVE_UNISTD_H      1
#define NGX_HAVE_INTTYPES_H    1
#define NGX_HAVE_LIMITS_H      1
#define NGX_HAVE_SYS_STATVFS_H 1
