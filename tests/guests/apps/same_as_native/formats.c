/* What printf() and scanf() make of their formats.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include "same_as_native.h"

/* The format is the name. */
#define FORMAT(format, ...)                                                 \
    do {                                                                    \
        char shown_text[512];                                               \
        int shown_size = snprintf(shown_text, 512, format, __VA_ARGS__);    \
        show(#format ", " #__VA_ARGS__, "%d [%s]", shown_size, shown_text); \
    } while (0)

static void show_integers(void)
{
    FORMAT("%d", 0);
    FORMAT("%5d", -42);
    FORMAT("%-5d", 42);
    FORMAT("%05d", -42);
    FORMAT("%+d", 42);
    FORMAT("% d", 42);
    FORMAT("%.3d", 7);
    FORMAT("%8.3d", -7);
    FORMAT("%-8.3d", 7);
    FORMAT("%08.3d", 7);
    FORMAT("%.0d", 0);
    FORMAT("%+.0d", 0);
    FORMAT("%x", 0xbeefu);
    FORMAT("%#X", 0xbeefu);
    FORMAT("%#x", 0u);
    FORMAT("%#o", 8u);
    FORMAT("%#.3o", 8u);
    FORMAT("%#.0o", 0u);
    FORMAT("%#08x", 0xabcu);
    FORMAT("%u", -1);
    FORMAT("%hhd", 300);
    FORMAT("%hd", 70000);
    FORMAT("%hhu", -1);
    FORMAT("%ld", LONG_MIN);
    FORMAT("%lld", LLONG_MAX);
    FORMAT("%llu", ULLONG_MAX);
    FORMAT("%jd", INTMAX_MIN);
    FORMAT("%zu", (size_t)12);
    FORMAT("%td", (ptrdiff_t)-12);
    FORMAT("%i", INT_MIN);
    FORMAT("%*d", 6, 42);
    FORMAT("%*d", -6, 42);
    FORMAT("%.*d", 3, 7);
    FORMAT("%.*d", -3, 7);
    FORMAT("%2$d %1$s", "one", 2);
    FORMAT("%1$*2$d", 5, 4);
    FORMAT("%p", (void *)0x1234);
    FORMAT("%-10p|", (void *)0x12);
    FORMAT("%'d", 1234567);
}

static void show_texts(void)
{
    FORMAT("%s", "text");
    FORMAT("%10s", "text");
    FORMAT("%-10s|", "text");
    FORMAT("%.2s", "text");
    FORMAT("%.0s|", "text");
    FORMAT("%5.1s", "text");
    FORMAT("%c", 'A');
    FORMAT("%3c", 'A');
    FORMAT("%-3c|", 'A');
    FORMAT("%%%s", "");
    FORMAT("%s", (char *)NULL);
    FORMAT("%.3s", (char *)NULL);
    FORMAT("%p", NULL);
    FORMAT("%ls", L"wide");
    FORMAT("%.2ls", L"wide");
    FORMAT("%lc", (wint_t)L'w');
    FORMAT("%m%s", "");
    errno = ENOENT;
    FORMAT("%m%s", "!");
    int n = -1;
    FORMAT("abc%n", &n);
    show("%n stored", "%d", n);
    char small[4] = "";
    SHOW(snprintf(small, sizeof(small), "%s", "longer"));
    SHOW_TEXT(small);
    SHOW(snprintf(NULL, 0, "%d", 12345));
}

static void show_floats(void)
{
    FORMAT("%f", 0.0);
    FORMAT("%f", -0.0);
    FORMAT("%.0f", 0.5);
    FORMAT("%.0f", 1.5);
    FORMAT("%.0f", 2.5);
    FORMAT("%#.0f", 3.0);
    FORMAT("%.2f", 2.675);
    FORMAT("%.1f", 0.25);
    FORMAT("%.1f", 0.35);
    FORMAT("%10.3f", -3.14159);
    FORMAT("%-10.3f|", 3.14159);
    FORMAT("%010.3f", -3.14159);
    FORMAT("%+.1f", 9.96);
    FORMAT("%e", 12345.678);
    FORMAT("%.0e", 15000.0);
    FORMAT("%#.0e", 1.0);
    FORMAT("%E", 1e-300);
    FORMAT("%g", 100000.0);
    FORMAT("%g", 1000000.0);
    FORMAT("%g", 0.0001);
    FORMAT("%g", 0.00001);
    FORMAT("%#g", 1.0);
    FORMAT("%.3g", 999.5);
    FORMAT("%.0g", 1234.0);
    FORMAT("%G", 1e-10);
    FORMAT("%g", 0.0);
    FORMAT("%f", INFINITY);
    FORMAT("%F", -INFINITY);
    FORMAT("%08f", INFINITY);
    FORMAT("%+f", INFINITY);
    FORMAT("%f", (double)NAN);
    FORMAT("%5.1f|", (double)NAN);
    FORMAT("%a", 1.0);
    FORMAT("%a", 0.1);
    FORMAT("%.2a", 0.1);
    FORMAT("%A", -3.5);
    FORMAT("%a", 0.0);
    FORMAT("%.0a", 1.5);
    FORMAT("%a", DBL_MIN / 4);
    FORMAT("%20a|", 2.5);
    FORMAT("%La", 1.0L);
    FORMAT("%La", 0.1L);
    FORMAT("%.3La", 0.1L);
    FORMAT("%Lf", 1.25L);
    FORMAT("%Lg", 1e100L);
    FORMAT("%Le", LDBL_MAX);
    FORMAT("%.3Lf", -0.0005L);
    FORMAT("%3$Lf %2$g %1$d", 1, 4.5, 3.5L);
}

void show_printf(void)
{
    show_integers();
    show_texts();
    show_floats();
}

#define SCAN_INT(text, format)                                                              \
    do {                                                                                    \
        int shown_a = -7, shown_b = -7, shown_n = -7;                                       \
        int shown_r = sscanf(text, format "%n", &shown_a, &shown_b, &shown_n);              \
        show("\"" text "\" " #format, "%d: %d %d, %d", shown_r, shown_a, shown_b, shown_n); \
    } while (0)

#define SCAN_TEXT(text, format)                                                    \
    do {                                                                           \
        char shown_a[32] = "-", shown_b[32] = "-";                                 \
        int shown_r = sscanf(text, format, shown_a, shown_b);                      \
        show("\"" text "\" " #format, "%d: [%s] [%s]", shown_r, shown_a, shown_b); \
    } while (0)

#define SCAN_FLOAT(text, format)                                               \
    do {                                                                       \
        double shown_a = -7, shown_b = -7;                                     \
        int shown_r = sscanf(text, format, &shown_a, &shown_b);                \
        show("\"" text "\" " #format, "%d: %a %a", shown_r, shown_a, shown_b); \
    } while (0)

void show_scanf(void)
{
    SCAN_INT("12 34", "%d%d");
    SCAN_INT("12,34", "%d,%d");
    SCAN_INT("12 ,34", "%d,%d");
    SCAN_INT("1234", "%2d%d");
    SCAN_INT("0x1f 017", "%i%i");
    SCAN_INT("ff 0xff", "%x%x");
    SCAN_INT("12 x", "%d%d");
    SCAN_INT("", "%d%d");
    SCAN_INT("x", "%d%d");
    SCAN_INT("  -5  +6", "%d %d");
    SCAN_INT("99999999999 1", "%d%d");
    SCAN_INT("1 2", "%*d%d");
    SCAN_INT("0x 5", "%x%x");
    SCAN_INT("5%6", "%d%%%d");
    SCAN_INT("+ 5", "%d%d");
    SCAN_INT("1 2", "%2$d%1$d");
    SCAN_TEXT("one two", "%s%s");
    SCAN_TEXT("onetwo", "%3s%s");
    SCAN_TEXT("one two", "%[a-z] %[a-z]");
    SCAN_TEXT("one]two", "%[^]]]%s");
    SCAN_TEXT("a-b", "%[a-]%s");
    SCAN_TEXT("abc", "%2c%c");
    SCAN_TEXT(" a b", "%c%c");
    SCAN_TEXT("key = value", "%s = %s");
    SCAN_TEXT("key=value", "%[^=]=%s");
    SCAN_TEXT("", "%s%s");
    SCAN_TEXT("123", "%[a-z]%s");
    SCAN_TEXT("x", "%*s%s");
    SCAN_FLOAT("1.5 -2e3", "%lf%lf");
    SCAN_FLOAT("inf nan", "%lf%lf");
    SCAN_FLOAT("0x1.8p3 .5", "%lf%lf");
    SCAN_FLOAT("1e 5", "%lf%lf");
    SCAN_FLOAT("1.2.3", "%lf%lf");
    SCAN_FLOAT("123456", "%3lf%lf");
    SCAN_FLOAT(".", "%lf%lf");
    SCAN_FLOAT("infinite", "%lf%lf");
    SCAN_FLOAT("0.1000000000000000055511151231257827 9007199254740993", "%lf%lf");
    SCAN_FLOAT("9007199254740993.00000000001 1e-400", "%lf%lf");
    long long a = 0;
    short b = 0;
    signed char c = 0;
    SHOW(sscanf("123456789012 70000 300", "%lld%hd%hhd", &a, &b, &c));
    show("sizes", "%lld %d %d", a, b, c);
    float f = 0;
    long double l = 0;
    SHOW(sscanf("0.1 0.1", "%f%Lf", &f, &l));
    show("float and long double", "%a %La", (double)f, l);
    void *p = NULL;
    SHOW(sscanf("0x1234", "%p", &p));
    show("pointer", "%p", p);
    size_t z = 0;
    SHOW(sscanf("77", "%zu", &z));
    show("size", "%zu", z);
}
