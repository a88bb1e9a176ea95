/* Digits of floating-point numbers, exactly rounded, as many as are asked for.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "libc_digits.h"

#include "big_integer.h"

/* x87's format: 64 bits of mantissa, none implied; 15 of exponent, biased; sign. The value is mantissa * 2^power. */
struct parts {
    uint64_t mantissa;
    int power;
    uint8_t flags;
};

static struct parts take_apart(long double x)
{
    struct {
        uint64_t mantissa;
        uint16_t exponent;
    } bits;
    __builtin_memcpy(&bits, &x, 10);
    int exponent = bits.exponent & 0x7fff;
    struct parts parts = {bits.mantissa, (exponent ? exponent : 1) - 16383 - 63, 0};
    parts.flags = bits.exponent & 0x8000 ? DTOA_MINUS : 0;
    if (exponent == 0x7fff)
        parts.flags |= bits.mantissa << 1 ? DTOA_NAN : DTOA_INF;
    int zeros = parts.mantissa ? __builtin_ctzll(parts.mantissa) : 0;
    parts.mantissa >>= zeros;
    parts.power += zeros;
    return parts;
}

int bh_digits_room(long double x, int max_digits, bool fixed, int decimals)
{
    struct parts parts = take_apart(x);
    int before = parts.power > -64 ? (parts.power + 64) * 30103 / 100000 + 2 : 1; /* the point, at most */
    int wanted = fixed && decimals < max_digits ? before + decimals : max_digits;
    return (wanted < max_digits ? wanted : max_digits) + 1;
}

/* Whether the digits from `place` down count as one more: half goes to even. */
static bool rounds_up(const struct bh_big *b, int place, int last)
{
    int first = bh_big_digit(b, place);
    if (first != 5)
        return first > 5;
    while (--place >= 0)
        if (bh_big_digit(b, place))
            return true;
    return last % 2 != 0;
}

/* One digit, `digit` * 10^exp. */
static int put_single(struct dtoa *dtoa, char digit, int exp)
{
    dtoa->digits[0] = digit;
    dtoa->exp = exp;
    return 1;
}

/* The first `count` of `n` digits, rounded. */
static int put_rounded(const struct bh_big *b, int n, struct dtoa *dtoa, int count, bool may_grow)
{
    for (int i = 0; i < count; i++)
        dtoa->digits[i] = (char)('0' + bh_big_digit(b, n - 1 - i));
    if (!rounds_up(b, n - 1 - count, dtoa->digits[count - 1] - '0'))
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
    if (may_grow)
        dtoa->digits[count++] = '0';
    return count;
}

int bh_digits(long double x, struct dtoa *dtoa, int max_digits, bool fixed, int decimals)
{
    struct parts parts = take_apart(x);
    dtoa->flags = parts.flags;
    if (parts.flags & (DTOA_NAN | DTOA_INF))
        return max_digits;
    if (!parts.mantissa)
        return put_single(dtoa, '0', 0);

    int shift = parts.power < 0 ? -parts.power : 0; /* x = b / 10^shift */
    int limbs = ((64 + (shift ? 0 : parts.power)) * 301 / 1000 + shift * 699 / 1000) / BH_LIMB_DIGITS + 3;
    struct bh_big b = {__builtin_alloca((unsigned)limbs * sizeof(uint32_t)), 0, limbs};
    bh_big_set(&b, parts.mantissa);
    bh_big_multiply_2(&b, parts.power);
    bh_big_multiply_5(&b, shift);
    int n = bh_big_count_digits(&b);
    dtoa->exp = n - 1 - shift;

    int count = max_digits, wanted = decimals + dtoa->exp + 1;
    if (fixed && wanted < max_digits)
        count = wanted;
    if (count < 0)
        return put_single(dtoa, '0', 0);
    if (count == 0)
        return rounds_up(&b, n - 1, 0) ? put_single(dtoa, '1', dtoa->exp + 1) : put_single(dtoa, '0', 0);
    if (count >= n) { /* all of them */
        for (int i = 0; i < n; i++)
            dtoa->digits[i] = (char)('0' + bh_big_digit(&b, n - 1 - i));
        return n;
    }
    return put_rounded(&b, n, dtoa, count, fixed && count < max_digits);
}

/* The highest digit of `mantissa` is the first one, `count` follow. */
static int put_hex(uint64_t mantissa, struct dtoa *dtoa, int count, int precision, unsigned char case_convert)
{
    if (precision >= 0 && precision < count) {
        unsigned dropped = (unsigned)(count - precision) * 4;
        uint64_t low = mantissa << (64 - dropped), half = 1ull << 63;
        mantissa >>= dropped;
        bool up = low > half || (low == half && mantissa & 1);
        count = precision;
        mantissa += up;
        if (mantissa >> (4 * count) > 15) { /* f.f has become 10 */
            mantissa >>= 4;
            dtoa->exp += 4;
        }
    }
    for (int i = count; i >= 0; i--, mantissa >>= 4) {
        int digit = mantissa & 15;
        dtoa->digits[i] = (char)(digit < 10 ? '0' + digit : 'a' - 10 + digit - case_convert);
    }
    if (precision < 0)
        while (count > 0 && dtoa->digits[count] == '0')
            count--;
    return count;
}

int bh_hex_digits(double x, struct dtoa *dtoa, int precision, unsigned char case_convert)
{
    uint64_t bits, mantissa;
    __builtin_memcpy(&bits, &x, 8);
    int exponent = (int)(bits >> 52 & 0x7ff);
    dtoa->flags = bits >> 63 ? DTOA_MINUS : 0;
    mantissa = bits & ((1ull << 52) - 1);
    if (exponent == 0x7ff) {
        dtoa->flags |= mantissa ? DTOA_NAN : DTOA_INF;
        return 0;
    }
    dtoa->exp = exponent ? exponent - 1023 : mantissa ? -1022 : 0;
    return put_hex(mantissa | (exponent ? 1ull << 52 : 0), dtoa, 13, precision, case_convert);
}

int bh_hex_digits_long(long double x, struct dtoa *dtoa, int precision, unsigned char case_convert)
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
        return 0;
    }
    dtoa->exp = bits.mantissa ? (exponent ? exponent : 1) - 16383 - 3 : 0;
    return put_hex(bits.mantissa, dtoa, 15, precision, case_convert);
}
