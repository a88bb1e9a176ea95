/* vfwprintf() with exact digits.
 * SPDX-License-Identifier: BSD-3-Clause */
#define PRINTF_VARIANT __IO_VARIANT_DOUBLE
#define PRINTF_NAME    vfwprintf
#define WIDE_CHARS
#include "libc_printf.c" /* NOLINT(bugprone-suspicious-include) */
