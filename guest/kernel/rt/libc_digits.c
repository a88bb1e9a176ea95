/* Decimal digits of a long double, exactly rounded: takes the place of picolibc's, which rounds at every step.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* picolibc's newlib/libc/tinystdio/dtoa.h, which is not installed. */
#define DTOA_MINUS 1
#define DTOA_INF   4
#define DTOA_NAN   8
#define MAX_DIGITS 20 /* LDTOA_MAX_DIG */

struct dtoa {
    int32_t exp;
    uint8_t flags;
    char digits[MAX_DIGITS];
};

int __ldtoa_engine(long double x, struct dtoa *dtoa, int max_digits, bool fmode, int max_decimals);

/* Limbs of nine decimal digits, lowest first. The longest number is 5^16445 times 64 bits: 11,515 digits. */
#define LIMB        1000000000u
#define LIMB_DIGITS 9
#define LIMBS       1280

struct big {
    uint32_t limb[LIMBS];
    int n;
};

static void multiply_big(struct big *b, uint32_t factor)
{
    uint64_t carry = 0;
    for (int i = 0; i < b->n; i++) {
        carry += (uint64_t)b->limb[i] * factor;
        b->limb[i] = (uint32_t)(carry % LIMB);
        carry /= LIMB;
    }
    for (; carry && b->n < LIMBS; carry /= LIMB)
        b->limb[b->n++] = (uint32_t)(carry % LIMB);
}

static void multiply_power(struct big *b, uint32_t base, uint32_t step, int steps, int power)
{
    for (; power >= steps; power -= steps)
        multiply_big(b, step);
    while (power-- > 0)
        multiply_big(b, base);
}

static int count_digits(const struct big *b)
{
    int n = (b->n - 1) * LIMB_DIGITS;
    for (uint32_t top = b->limb[b->n - 1]; top; top /= 10)
        n++;
    return n;
}

/* `place` 0 is the lowest digit; there are zeros below. */
static int digit_at(const struct big *b, int place)
{
    if (place < 0)
        return 0;
    uint32_t limb = b->limb[place / LIMB_DIGITS];
    for (int i = place % LIMB_DIGITS; i > 0; i--)
        limb /= 10;
    return (int)(limb % 10);
}

/* Whether the digits from `place` down count as one more: half goes to even. */
static bool rounds_up(const struct big *b, int place, int last)
{
    int first = digit_at(b, place);
    if (first != 5)
        return first > 5;
    while (--place >= 0)
        if (digit_at(b, place))
            return true;
    return last % 2 != 0;
}

static int limit_digits(int max_digits, bool fmode, int max_decimals, int exponent)
{
    int wanted = max_decimals + exponent + 1;
    if (!fmode || wanted >= max_digits)
        return max_digits;
    return wanted > 1 ? wanted : 1;
}

/* x87's format: 64 bits of mantissa, none implied; 15 of exponent, biased; sign. */
int __ldtoa_engine(long double x, struct dtoa *dtoa, int max_digits, bool fmode, int max_decimals)
{
    struct {
        uint64_t mantissa;
        uint16_t exponent;
    } bits;
    __builtin_memcpy(&bits, &x, 10);
    int exponent = bits.exponent & 0x7fff;
    dtoa->flags = bits.exponent & 0x8000 ? DTOA_MINUS : 0;
    if (exponent == 0x7fff) {
        dtoa->flags |= bits.mantissa << 1 ? DTOA_NAN : DTOA_INF;
        return max_digits;
    }
    if (max_digits > MAX_DIGITS)
        max_digits = MAX_DIGITS;

    struct big b;
    b.n = 0;
    for (uint64_t m = bits.mantissa; m; m /= LIMB)
        b.limb[b.n++] = (uint32_t)(m % LIMB);
    int power = (exponent ? exponent : 1) - 16383 - 63; /* x = mantissa * 2^power */
    int shift = power < 0 ? -power : 0;                 /* = b / 10^shift */
    if (b.n) {
        multiply_power(&b, 2, 1u << 30, 30, power);
        multiply_power(&b, 5, 1220703125u, 13, shift);
    }
    int n = b.n ? count_digits(&b) : 0;
    dtoa->exp = n ? n - 1 - shift : -1;

    int count = limit_digits(max_digits, fmode, max_decimals, dtoa->exp);
    for (int i = 0; i < count; i++)
        dtoa->digits[i] = (char)('0' + (n ? digit_at(&b, n - 1 - i) : 0));
    if (!n || !rounds_up(&b, n - 1 - count, dtoa->digits[count - 1] - '0'))
        return count;
    int i = count - 1;
    while (i >= 0 && dtoa->digits[i] == '9')
        dtoa->digits[i--] = '0';
    if (i >= 0) {
        dtoa->digits[i]++;
        return count;
    }
    dtoa->exp++; /* 9.99 has become 10 */
    dtoa->digits[0] = '1';
    int longer = limit_digits(max_digits, fmode, max_decimals, dtoa->exp);
    for (; count < longer; count++)
        dtoa->digits[count] = '0';
    return longer;
}
