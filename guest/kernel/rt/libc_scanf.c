/* vfscanf() with exactly rounded numbers: picolibc's, unchanged, with our conv_flt.c. The build copies both to one
 * folder.
 * SPDX-License-Identifier: BSD-3-Clause */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#include "vfscanf.c" /* NOLINT(bugprone-suspicious-include) */
