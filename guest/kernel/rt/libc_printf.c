/* vfprintf() with exact digits: picolibc's, unchanged, with struct dtoa and the functions of libc_digits.h in place of
 * those of its dtoa.h; and with wide strings.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <picolibc.h> /* the configuration */

#define __IO_WCHAR
#include "libc_digits.h"
#include "stdio_private.h"
/* In this order. */
#include "../../libm/common/math_config.h"
#include "../stdlib/local.h"

#define _DTOA_H_
#define _NEED_IO_FLOAT_LARGE
#define _NEED_IO_FLOAT64
#define LONG_FLOAT_MAX_DIG   BH_DIGITS_MAX
#define FLOAT_MAX_DIG        BH_DIGITS_MAX
#define PRINTF_FLOAT_ARG(ap) (va_arg(ap, double))

/* Their memory is there until vfprintf() returns. */
#define WITH_ROOM(dtoa, size, call)              \
    ({                                           \
        (dtoa)->digits = __builtin_alloca(size); \
        call;                                    \
    })
#define __lfloat_d_engine(x, dtoa, n, fixed, decimals) \
    WITH_ROOM(dtoa, (unsigned)bh_digits_room(x, n, fixed, decimals), bh_digits(x, dtoa, n, fixed, decimals))
#define __float_d_engine(x, dtoa, n, fixed, decimals) __lfloat_d_engine(x, dtoa, n, fixed, decimals)
#define __lfloat_x_engine(x, dtoa, precision, upper)  WITH_ROOM(dtoa, 16, bh_hex_digits_long(x, dtoa, precision, upper))
#define __float_x_engine(x, dtoa, precision, upper)   WITH_ROOM(dtoa, 16, bh_hex_digits(x, dtoa, precision, upper))

#define uint8_t int   /* the type of the number of digits */
#include "vfprintf.c" /* NOLINT(bugprone-suspicious-include) */
