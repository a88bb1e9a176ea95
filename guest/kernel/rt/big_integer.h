/* Large integers in decimal, on the stack of who uses them: for exact digits of floating-point numbers.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_BIG_INTEGER_H
#define BH_BIG_INTEGER_H

#include <stdint.h>

/* Limbs of nine decimal digits, lowest first; `n` of `room` are used, the highest of them is not 0. */
#define BH_LIMB        1000000000u
#define BH_LIMB_DIGITS 9

struct bh_big {
    uint32_t *limb;
    int n, room;
};

void bh_big_set(struct bh_big *b, uint64_t value);
void bh_big_multiply(struct bh_big *b, uint32_t factor);            /* up to 2^32 - 1; digits without room are lost */
void bh_big_multiply_2(struct bh_big *b, int power);                /* by 2^power; nothing if it is negative */
void bh_big_multiply_5(struct bh_big *b, int power);                /* by 5^power */
int bh_big_compare(const struct bh_big *a, const struct bh_big *b); /* negative, 0, positive */
int bh_big_count_digits(const struct bh_big *b);                    /* 0 for 0 */
int bh_big_digit(const struct bh_big *b, int place);                /* place 0 is the lowest; there are zeros below */

#endif
