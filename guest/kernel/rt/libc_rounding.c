/* Values of floating-point numbers in texts: an estimate, corrected by exact comparison with the midpoints between
 * two neighbours.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <math.h>

#include "big_integer.h"
#include "libc_numbers.h"

/* A format has `bits` of mantissa; its values are mantissa * 2^power, with `lowest` <= power <= `highest`. Numbers
 * with more than `most_10` digits before the point are too large, those with `least_10` zeros behind it too small. */
struct format {
    int bits, lowest, highest, most_10, least_10;
};

static const struct format single = {24, -149, 104, 39, -46}, twice = {53, -1074, 971, 309, -324},
                           extended = {64, -16445, 16320, 4933, -4951};

struct value {
    uint64_t mantissa;
    int power;
};

/* x87's format: 64 bits of mantissa, none implied; 15 of exponent, biased; sign. */
struct image {
    uint64_t mantissa;
    uint16_t exponent;
};

#define BIG_LIMBS 640 /* a thousand digits, and the powers that a comparison multiplies them with */

/* The digits that were kept, as one integer of whole limbs, times 10^exponent. */
struct decimal {
    const struct bh_number *number;
    int limbs, exponent;
};

static long double power_of_10(int n)
{
    static const long double powers[] = {1e1L,   1e2L,   1e4L,   1e8L,    1e16L,   1e32L,  1e64L,
                                         1e128L, 1e256L, 1e512L, 1e1024L, 1e2048L, 1e4096L};
    long double result = 1;
    for (int i = 0; n; i++, n >>= 1)
        if (n & 1)
            result *= powers[i];
    return result;
}

/* A few units in the last place off. */
static long double estimate(uint64_t first, int exponent)
{
    long double x = (long double)first;
    if (exponent >= 0)
        return x * power_of_10(exponent);
    if (exponent < -4900) { /* this power alone would be infinite */
        x /= power_of_10(4900);
        exponent += 4900;
    }
    return x / power_of_10(-exponent);
}

static void load_digits(struct bh_big *b, const struct decimal *d)
{
    const struct bh_number *n = d->number;
    b->n = d->limbs;
    b->limb[0] = 0;
    for (int i = 0; i < d->limbs; i++)
        b->limb[d->limbs - 1 - i] = n->limb[i];
    if (n->dropped)
        b->limb[0] = 1; /* for all the digits that were not kept */
    for (int i = n->in_limb; i && i < BH_LIMB_DIGITS; i++)
        b->limb[0] *= 10;
}

/* Compares the decimal number with (factor * mantissa + addend) * 2^power. */
static int compare_with(const struct decimal *d, uint64_t mantissa, uint32_t factor, uint32_t addend, int power)
{
    uint32_t memory[2][BIG_LIMBS];
    struct bh_big a = {memory[0], 0, BIG_LIMBS}, b = {memory[1], 0, BIG_LIMBS};
    load_digits(&a, d);
    bh_big_set(&b, mantissa);
    bh_big_multiply(&b, factor);
    if (addend && !b.n)
        b.limb[b.n++] = 0;
    if (addend)
        b.limb[0] += addend; /* no carry: the limb is a multiple of `factor`, 2 or 4, and so is its limit */
    bh_big_multiply_5(&a, d->exponent);
    bh_big_multiply_5(&b, -d->exponent);
    bh_big_multiply_2(&a, d->exponent - power);
    bh_big_multiply_2(&b, power - d->exponent);
    return bh_big_compare(&a, &b);
}

static bool is_first_of_power(struct value v, const struct format *f)
{
    return v.mantissa == 1ull << (f->bits - 1) && v.power > f->lowest;
}

/* With the midpoint between `v` and the next larger value. */
static int compare_above(const struct decimal *d, struct value v)
{
    return compare_with(d, v.mantissa, 2, 1, v.power - 1);
}

/* With the midpoint between `v` and the next smaller value, which is nearer if it has a smaller power. */
static int compare_below(const struct decimal *d, struct value v, const struct format *f)
{
    if (is_first_of_power(v, f))
        return compare_with(d, v.mantissa - 1, 4, 3, v.power - 2);
    return compare_with(d, v.mantissa - 1, 2, 1, v.power - 1);
}

/* The value of the format at or below `x`. */
static struct value begin_with(long double x, const struct format *f)
{
    struct image image;
    __builtin_memcpy(&image, &x, 10);
    if (!image.mantissa)
        return (struct value){0, f->lowest};
    int zeros = __builtin_clzll(image.mantissa);
    int own = (image.exponent ? image.exponent : 1) - 16383 - 63 - zeros, power = own + 64 - f->bits;
    if (power > f->highest)
        return (struct value){~0ull >> (64 - f->bits), f->highest};
    if (power < f->lowest)
        power = f->lowest;
    int drop = power - own;
    return (struct value){drop > 63 ? 0 : image.mantissa << zeros >> drop, power};
}

static void go_up(struct value *v, const struct format *f)
{
    if (v->mantissa < ~0ull >> (64 - f->bits))
        v->mantissa++;
    else
        *v = (struct value){1ull << (f->bits - 1), v->power + 1};
}

static void go_down(struct value *v, const struct format *f)
{
    if (is_first_of_power(*v, f))
        *v = (struct value){~0ull >> (64 - f->bits), v->power - 1};
    else
        v->mantissa--;
}

static long double too_large(void)
{
    errno = ERANGE;
    return INFINITY;
}

static long double value_of(struct value v, bool exact, const struct format *f)
{
    if (v.power > f->highest)
        return too_large();
    if (!exact && v.mantissa < 1ull << (f->bits - 1))
        errno = ERANGE;
    if (!v.mantissa)
        return 0;
    int zeros = __builtin_clzll(v.mantissa), exponent = v.power - zeros + 63 + 16383;
    struct image image = {v.mantissa << zeros, (uint16_t)exponent};
    if (exponent < 1)
        image = (struct image){image.mantissa >> (1 - exponent), 0};
    long double x = 0;
    __builtin_memcpy(&x, &image, 10);
    return x;
}

static __attribute__((noinline)) long double round_decimal(const struct decimal *d, const struct format *f)
{
    int missing = d->limbs * BH_LIMB_DIGITS - d->number->n_first;
    long double x = estimate((uint64_t)d->number->first, d->exponent + missing);
    struct value v = begin_with(isinf(x) ? __LDBL_MAX__ : x, f);
    int order;
    while ((order = compare_above(d, v)) > 0 || (order == 0 && v.mantissa & 1)) {
        go_up(&v, f);
        if (v.power > f->highest)
            return too_large();
    }
    while (v.mantissa && ((order = compare_below(d, v, f)) < 0 || (order == 0 && v.mantissa & 1)))
        go_down(&v, f);
    return value_of(v, compare_with(d, v.mantissa, 1, 0, v.power) == 0, f);
}

/* Where one operation is enough: both numbers are exact, and its result is rounded once. */
static bool is_simple(const struct bh_number *n, const struct format *f, long exponent, long double *x)
{
    static const float floats[] = {1e0f, 1e1f, 1e2f, 1e3f, 1e4f, 1e5f, 1e6f, 1e7f, 1e8f, 1e9f, 1e10f};
    int kept = n->limbs * BH_LIMB_DIGITS + n->in_limb, most = f == &single ? 10 : f == &twice ? 22 : 27;
    if (n->dropped || kept > n->n_first || n->first >> (f->bits - 1) > 1 || exponent > most || exponent < -most)
        return false;
    uint64_t first = (uint64_t)n->first;
    int power = (int)(exponent < 0 ? -exponent : exponent);
    if (f == &single)
        *x = exponent < 0 ? (float)first / floats[power] : (float)first * floats[power];
    else if (f == &twice)
        *x = exponent < 0 ? (double)first / (double)power_of_10(power) : (double)first * (double)power_of_10(power);
    else
        *x = exponent < 0 ? (long double)first / power_of_10(power) : (long double)first * power_of_10(power);
    return true;
}

static long double read_decimal(const struct bh_number *n, const struct format *f, long exponent)
{
    long double x;
    if (is_simple(n, f, exponent, &x))
        return x;
    struct decimal d = {n, n->limbs + (n->in_limb != 0) + n->dropped, 0};
    exponent -= n->in_limb ? BH_LIMB_DIGITS - n->in_limb : 0;
    exponent -= n->dropped ? BH_LIMB_DIGITS : 0;
    long before = exponent + d.limbs * BH_LIMB_DIGITS; /* the first limb has at most eight zeros in front */
    if (before - BH_LIMB_DIGITS > f->most_10)
        return too_large();
    if (before < f->least_10) {
        errno = ERANGE;
        return 0;
    }
    d.exponent = (int)exponent;
    return round_decimal(&d, f);
}

static long double read_hex(const struct bh_number *n, const struct format *f, long exponent)
{
    unsigned __int128 m = n->first;
    int zeros = m >> 64 ? __builtin_clzll((uint64_t)(m >> 64)) : 64 + __builtin_clzll((uint64_t)m);
    m <<= zeros;
    exponent -= zeros;
    long power = exponent + 128 - f->bits;
    if (power > f->highest)
        return too_large();
    if (power < f->lowest)
        power = f->lowest;
    long drop = power - exponent;
    if (drop > 128) {
        errno = ERANGE;
        return 0;
    }
    struct value v = {drop == 128 ? 0 : (uint64_t)(m >> drop), (int)power};
    unsigned __int128 rest = drop == 128 ? m : m << (128 - drop), half = (unsigned __int128)1 << 127;
    if (rest > half || (rest == half && (n->dropped || v.mantissa & 1)))
        go_up(&v, f);
    return value_of(v, !rest && !n->dropped, f);
}

static long double read_number(const struct bh_number *n, const struct format *f)
{
    long exponent = n->exponent + (n->exponent_negative ? -n->given : n->given);
    long double x = 0;
    if (n->infinity_or_nan)
        x = n->infinity_or_nan > 0 ? (long double)INFINITY : (long double)NAN;
    else if (n->first)
        x = n->hex ? read_hex(n, f, exponent) : read_decimal(n, f, exponent);
    return n->negative ? -x : x;
}

float bh_number_float(const struct bh_number *number)
{
    return (float)read_number(number, &single);
}

double bh_number_double(const struct bh_number *number)
{
    return (double)read_number(number, &twice);
}

long double bh_number_long_double(const struct bh_number *number)
{
    return read_number(number, &extended);
}
