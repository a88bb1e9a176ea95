/* Floating-point numbers in texts, exactly rounded: for strtod() and scanf().
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_LIBC_NUMBERS_H
#define BH_LIBC_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

/* What counts of a number: digits beyond are remembered as "not 0". No double has more between two neighbours. */
#define BH_NUMBER_LIMBS 112 /* of nine digits */

struct bh_number {
    int taken, good; /* bytes; the first `good` ones are a number */
    uint8_t state;
    bool negative, hex, point, dropped, exponent_negative;
    int infinity_or_nan; /* letters of a word */
    int limbs, in_limb;  /* whole limbs, and digits of the next one */
    uint32_t limb[BH_NUMBER_LIMBS + 1];
    unsigned __int128 first; /* up to 19 digits; with `hex` up to 31 */
    int n_first;
    long exponent; /* what the digits that were kept are multiplied with: a power of 10, or of 2 */
    long given;    /* behind 'e' or 'p' */
};

/* Takes the next byte; false: it does not belong to the number. Start with {0}. */
bool bh_number_take(struct bh_number *number, int c);

/* Values of the first `good` bytes; they set errno to ERANGE. */
float bh_number_float(const struct bh_number *number);
double bh_number_double(const struct bh_number *number);
long double bh_number_long_double(const struct bh_number *number);

#endif
