/* Large integers in decimal.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "big_integer.h"

void bh_big_set(struct bh_big *b, uint64_t value)
{
    for (b->n = 0; value; value /= BH_LIMB)
        b->limb[b->n++] = (uint32_t)(value % BH_LIMB);
}

void bh_big_multiply(struct bh_big *b, uint32_t factor)
{
    uint64_t carry = 0;
    for (int i = 0; i < b->n; i++) {
        carry += (uint64_t)b->limb[i] * factor;
        b->limb[i] = (uint32_t)(carry % BH_LIMB);
        carry /= BH_LIMB;
    }
    for (; carry && b->n < b->room; carry /= BH_LIMB)
        b->limb[b->n++] = (uint32_t)(carry % BH_LIMB);
}

void bh_big_multiply_2(struct bh_big *b, int power)
{
    for (; power >= 31; power -= 31)
        bh_big_multiply(b, 1u << 31);
    if (power > 0)
        bh_big_multiply(b, 1u << power);
}

void bh_big_multiply_5(struct bh_big *b, int power)
{
    static const uint32_t powers[] = {1,     5,      25,      125,     625,      3125,     15625,
                                      78125, 390625, 1953125, 9765625, 48828125, 244140625};
    if (power <= 0)
        return;
    for (int i = power / 13; i > 0; i--)
        bh_big_multiply(b, 1220703125u);
    bh_big_multiply(b, powers[power % 13]);
}

int bh_big_compare(const struct bh_big *a, const struct bh_big *b)
{
    if (a->n != b->n)
        return a->n - b->n;
    for (int i = a->n - 1; i >= 0; i--)
        if (a->limb[i] != b->limb[i])
            return a->limb[i] > b->limb[i] ? 1 : -1;
    return 0;
}

int bh_big_count_digits(const struct bh_big *b)
{
    if (!b->n)
        return 0;
    int n = (b->n - 1) * BH_LIMB_DIGITS;
    for (uint32_t top = b->limb[b->n - 1]; top; top /= 10)
        n++;
    return n;
}

int bh_big_digit(const struct bh_big *b, int place)
{
    if (place < 0)
        return 0;
    uint32_t limb = b->limb[place / BH_LIMB_DIGITS];
    for (int i = place % BH_LIMB_DIGITS; i > 0; i--)
        limb /= 10;
    return (int)(limb % 10);
}
