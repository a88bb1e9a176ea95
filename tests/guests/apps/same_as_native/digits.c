/* Digits of floating-point numbers, printed and parsed: chosen ones, and many random ones.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "same_as_native.h"

static const char *const formats[] = {"%.17g", "%.20f", "%.25e", "%.40g", "%.1f", "%.0f"};

static void show_double(const char *name, double d)
{
    char text[1500];
    set_case("double %s", name);
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        snprintf(text, sizeof(text), formats[i], d);
        show(formats[i] + 1, "%s", text);
    }
}

static void show_long_double(const char *name, long double l)
{
    static const char *const long_formats[] = {"%.17Lg", "%.17Lf", "%.21Lg", "%.30Le", "%.64Lg", "%.0Lf"};
    static char text[6000];
    set_case("long double %s", name);
    for (size_t i = 0; i < COUNT_OF(long_formats); i++) {
        snprintf(text, sizeof(text), long_formats[i], l);
        if (strlen(text) > 200)
            strcpy(text + 200, "...");
        show(long_formats[i] + 1, "%s", text);
    }
}

void show_digits(void)
{
    static const struct {
        const char *name;
        double value;
    } doubles[] = {
        {"0.1", 0.1},     {"1/3", 1.0 / 3},     {"2.5", 2.5},         {"1e22", 1e22},
        {"1e23", 1e23},   {"DBL_MAX", DBL_MAX}, {"DBL_MIN", DBL_MIN}, {"5e-324", 4.9406564584124654e-324},
        {"2^70", 0x1p70}, {"1.005", 1.005},     {"-99.95", -99.95},
    };
    static const struct {
        const char *name;
        long double value;
    } long_doubles[] = {
        {"0.1", 0.1L},          {"3000.1", 3000.1L},    {"1/3", 1.0L / 3},
        {"LDBL_MAX", LDBL_MAX}, {"LDBL_MIN", LDBL_MIN}, {"2^64-1", 18446744073709551615.0L},
        {"1e27", 1e27L},        {"-0.5", -0.5L},        {"5e-4940", 5e-4940L},
    };
    for (size_t i = 0; i < COUNT_OF(doubles); i++)
        show_double(doubles[i].name, doubles[i].value);
    for (size_t i = 0; i < COUNT_OF(long_doubles); i++)
        show_long_double(long_doubles[i].name, long_doubles[i].value);
    set_case("%s", "");
}

static uint64_t random_bits(void)
{
    static uint64_t state = 88172645463325252u; /* xorshift: the same numbers everywhere */
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

/* Moderate exponents mostly, as programs have them; every seventh number has any. */
static long double random_long_double(void)
{
    uint64_t mantissa = random_bits() | 1ull << 63;
    int any = random_bits() % 7 == 0;
    int exponent = any ? (int)(random_bits() % 32000) - 16000 : (int)(random_bits() % 120) - 60;
    if (random_bits() % 3 == 0)
        return roundl(ldexpl((long double)mantissa, -63 + (int)(random_bits() % 40)) * 1000) / 1000;
    return ldexpl((long double)mantissa, exponent - 63);
}

static void show_random_number(int i)
{
    static const char *const long_formats[] = {"%.17Lg", "%.17Lf", "%.20Lg", "%.21Lg",
                                               "%Lg",    "%.3Lf",  "%.40Lg", "%.11Le"};
    static char text[6000], digits[6000];
    long double l = random_long_double();
    uint64_t bits = random_bits();
    double d;
    if (bits % 2)
        d = (double)l; /* of the same size */
    else
        memcpy(&d, &bits, sizeof(d));
    const char *format = long_formats[i % COUNT_OF(long_formats)];
    snprintf(text, sizeof(text), format, l);
    int size = (int)strlen(text);
    set_case("%d", i);
    show(format + 1, "%.150s %d, %La %a %a", text, size, strtold(text, NULL), strtod(text, NULL),
         (double)strtof(text, NULL));
    format = formats[(size_t)i % COUNT_OF(formats)];
    snprintf(digits, sizeof(digits), format, d);
    show(format + 1, "%.150s %d, %La %a", digits, (int)strlen(digits), strtold(digits, NULL), strtod(digits, NULL));
}

void show_random_digits(void)
{
    for (int i = 0; i < 8000; i++)
        show_random_number(i);
    set_case("%s", "");
}
