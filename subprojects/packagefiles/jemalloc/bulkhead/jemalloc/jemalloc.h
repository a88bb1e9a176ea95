/* jemalloc's public header, as its configure script would put it together for this system.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_JEMALLOC_H
#define BH_JEMALLOC_H

#define JEMALLOC_HAVE_ATTR
#define JEMALLOC_HAVE_ATTR_ALLOC_SIZE
#define JEMALLOC_HAVE_ATTR_FORMAT_ARG
#define JEMALLOC_HAVE_ATTR_FORMAT_PRINTF
#define JEMALLOC_HAVE_ATTR_FALLTHROUGH
#define JEMALLOC_HAVE_ATTR_COLD
#define JEMALLOC_USABLE_SIZE_CONST
#define LG_SIZEOF_PTR 3

#include <jemalloc/jemalloc_macros.h>
#include <jemalloc/jemalloc_protos.h>
#include <jemalloc/jemalloc_typedefs.h>

#endif
