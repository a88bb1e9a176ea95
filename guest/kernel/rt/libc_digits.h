/* Digits of floating-point numbers: takes the place of picolibc's newlib/libc/tinystdio/dtoa.h for the files that are
 * compiled here, so that printf() has as many exact digits as it is asked for.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_LIBC_DIGITS_H
#define BH_LIBC_DIGITS_H

#include <stdbool.h>
#include <stdint.h>

#define DTOA_MINUS 1
#define DTOA_ZERO  2
#define DTOA_INF   4
#define DTOA_NAN   8

struct dtoa {
    int32_t exp; /* of the first digit: of 10, or of 2 */
    uint8_t flags;
    char *digits;
};

/* No long double has more digits that are not 0. */
#define BH_DIGITS_MAX 11600

/* At most `max_digits`; with `fixed` at most `decimals` of them behind the point. The first function returns how many
 * bytes the second one needs in digits->digits; the second one how many digits there are. */
int bh_digits_room(long double x, int max_digits, bool fixed, int decimals);
int bh_digits(long double x, struct dtoa *dtoa, int max_digits, bool fixed, int decimals);

/* Hexadecimal digits: `precision` behind the first one, or as many as are needed if it is negative. They return the
 * index of the last one. dtoa->digits has room for 16. */
int bh_hex_digits(double x, struct dtoa *dtoa, int precision, unsigned char case_convert);
int bh_hex_digits_long(long double x, struct dtoa *dtoa, int precision, unsigned char case_convert);

#endif
