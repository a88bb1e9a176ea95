/* Numbers in texts: which part is one, what it is, and errors.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdlib.h>
#include <wchar.h>

#include "same_as_native.h"

static const char *const floats[] = {
    "0",
    "-0",
    "1",
    "+1.5",
    " 12",
    "\t-3.25e2x",
    "1e",
    "1e+",
    "1e5x",
    ".5",
    "5.",
    ".",
    "-",
    "+.e1",
    "e5",
    "",
    "x",
    "inf",
    "-INF",
    "infinity",
    "infinit",
    "INFINITYx",
    "nan",
    "NAN(123)",
    "nan(",
    "nan(a b)",
    "-nan",
    "0x",
    "0x1p4",
    "0x1.8",
    "0x.8p1",
    "0xg",
    "0x1p",
    "0x1p-1074",
    "0x1p-1075",
    "0x1.8p-1075",
    "0x1.fffffffffffff8p0",
    "0x1.fffffffffffff7p0",
    "0x1p1024",
    "1e308",
    "1e309",
    "-1e309",
    "1e400",
    "1e-307",
    "1e-310",
    "5e-324",
    "2e-324",
    "2.5e-324",
    "1e-400",
    "1e99999999999",
    "1e-99999999999",
    "0e99999999999",
    "2.2250738585072011e-308",
    "2.2250738585072014e-308",
    "1.7976931348623158e308",
    "1.7976931348623159e308",
    "9007199254740993",
    "9007199254740992.9999999999",
    "9007199254740993.00000000000000000000000000000001",
    "0.1",
    "3000.1",
    "0.3",
    "123456789012345678901234567890",
    "1.00000000000000011102230246251565404236316680908203125",
    "1.00000000000000011102230246251565404236316680908203124",
    "1.00000000000000011102230246251565404236316680908203126",
    "0.000000000000000000000000000000000000000000000000000001e54",
    "1,5",
    "1_000",
    "12e3.5",
    "0b11",
    "00012",
    "8.41e21",
    "9.5367431640625e-07",
    "6.02214076e23",
    "1.17549435e-38",
    "1.4e-45",
    "0.7e-45",
    "3.4028236e38",
    "16777217",
};

void show_strtod(void)
{
    char *end;
    for (size_t i = 0; i < COUNT_OF(floats); i++) {
        const char *text = floats[i][0] == '\t' ? floats[i] + 1 : floats[i];
        set_case("\"%s\"", text);
        errno = 0;
        double d = strtod(floats[i], &end);
        show("strtod", "%a, %d bytes, %s", d, (int)(end - floats[i]), error_name(errno));
        errno = 0;
        float f = strtof(floats[i], &end);
        show("strtof", "%a, %d bytes, %s", (double)f, (int)(end - floats[i]), error_name(errno));
        errno = 0;
        long double l = strtold(floats[i], &end);
        show("strtold", "%La, %d bytes, %s", l, (int)(end - floats[i]), error_name(errno));
    }
    set_case("%s", "");
    SHOW(atof("2.5x") == 2.5);
    wchar_t *wide_end;
    SHOW(wcstod(L"1.5e1x", &wide_end) == 15);
}

static const char *const integers[] = {
    "0",
    "12x",
    "-12",
    "+7",
    " \n8",
    "",
    "x",
    "0x",
    "0x1F",
    "0xg",
    "017",
    "08",
    "z",
    "zz",
    "-",
    "+-1",
    "1_0",
    "0b11",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "-18446744073709551615",
    "99999999999999999999999",
};

void show_strtol(void)
{
    static const int bases[] = {10, 0, 16, 36};
    char *end;
    for (size_t i = 0; i < COUNT_OF(integers); i++) {
        const char *text = integers[i];
        for (size_t j = 0; j < COUNT_OF(bases); j++) {
            set_case("\"%s\" base %d", *text == ' ' ? "8 after space" : text, bases[j]);
            errno = 0;
            long l = strtol(text, &end, bases[j]);
            show("strtol", "%ld, %d bytes, %s", l, (int)(end - text), error_name(errno));
            if (bases[j] > 10)
                continue;
            errno = 0;
            unsigned long long u = strtoull(text, &end, bases[j]);
            show("strtoull", "%llu, %d bytes, %s", u, (int)(end - text), error_name(errno));
        }
    }
    set_case("%s", "");
    static const int wrong[] = {1, 37, -1};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        errno = 0;
        long l = strtol("11", NULL, wrong[i]);
        set_case("base %d", wrong[i]);
        show("strtol", "%ld %s", l, error_name(errno));
    }
    set_case("%s", "");
    SHOW(strtol("11", NULL, 2));
    SHOW(atoi(" -42abc"));
    SHOW(atol("99999999999"));
    SHOW(strtoimax("-5", NULL, 10));
    SHOW(strtoumax("5", NULL, 10));
    SHOW(wcstol(L"12x", NULL, 10));
}
