/* Strings, sorting, and letters of a locale.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <langinfo.h>
#include <locale.h>
#include <regex.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>
#include <wctype.h>

#include "same_as_native.h"

static int sign_of(int n)
{
    return (n > 0) - (n < 0);
}

static void show_searches(void)
{
    char text[64] = "one,two,,three", *rest = text;
    SHOW_TEXT(strsep(&rest, ","));
    SHOW_TEXT(rest);
    SHOW_TEXT((strsep(&rest, ","), strsep(&rest, ",")));
    strcpy(text, ",,a,,b,");
    SHOW_TEXT(strtok_r(text, ",", &rest));
    SHOW_TEXT(strtok_r(NULL, ",", &rest));
    show("no more", "%d", strtok_r(NULL, ",", &rest) == NULL);
    SHOW(strspn("aabbc", "ab"));
    SHOW(strcspn("aabbc", "c"));
    SHOW_TEXT(strpbrk("hello", "lo"));
    SHOW_TEXT(strstr("ababc", "abc"));
    SHOW_TEXT(strstr("x", ""));
    SHOW(strstr("x", "xy") == NULL);
    SHOW_TEXT(strcasestr("Hello", "LL"));
    SHOW_TEXT(strrchr("a/b/c", '/'));
    SHOW(*strchr("abc", 0));
    SHOW_TEXT(strchrnul("abc", 'x') - 1);
    SHOW_TEXT(memmem("abcdef", 6, "cd", 2));
    SHOW_TEXT(memrchr("abcabc", 'b', 6));
    SHOW_TEXT(memccpy(text, "stop;rest", ';', 9) ? "found" : "none");
    SHOW_TEXT(stpcpy(text, "end") - 3);
    SHOW(strnlen("abcdef", 3));
    SHOW(sign_of(strcmp("a", "\xff")));
    SHOW(sign_of(strncmp("abcd", "abce", 3)));
    SHOW(sign_of(strcasecmp("ABC", "abd")));
    SHOW(sign_of(strncasecmp("ABCx", "abcy", 3)));
    SHOW(sign_of(memcmp("\x80", "\x7f", 1)));
    SHOW(sign_of(strverscmp("file9", "file10")));
    SHOW(sign_of(strcoll("a", "B")));
    SHOW(ffs(0) + ffs(8));
    SHOW(ffsll(1ll << 40));
    strcpy(text, "abcdef");
    SHOW_TEXT(memmove(text + 1, text, 3));
    SHOW_TEXT((strncpy(text, "xy", 5), text));
    SHOW_TEXT((strncat(strcpy(text, "ab"), "cdef", 3), text));
    char *copy = strndup("abcdef", 3);
    SHOW_TEXT(copy);
    free(copy);
    SHOW_TEXT(strerror(ENOENT));
    SHOW_TEXT(strerror(0));
    SHOW_TEXT(strerror(EAGAIN));
    SHOW_TEXT(strerror(ECONNREFUSED));
    SHOW_TEXT(strerror(12345));
}

static int compare_ints(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void show_sorting(void)
{
    int numbers[50], key = 25, none = 26;
    for (int i = 0; i < 50; i++)
        numbers[i] = i * 37 % 50 * 5;
    qsort(numbers, 50, sizeof(int), compare_ints);
    show("sorted", "%d %d %d", numbers[0], numbers[25], numbers[49]);
    SHOW((const int *)bsearch(&key, numbers, 50, sizeof(int), compare_ints) - numbers);
    SHOW(bsearch(&none, numbers, 50, sizeof(int), compare_ints) == NULL);
    SHOW(bsearch(&none, numbers, 0, sizeof(int), compare_ints) == NULL);
    SHOW(div(-7, 2).quot);
    SHOW(div(-7, 2).rem);
    SHOW(llabs(-5000000000));
    unsigned short state[3] = {1, 2, 3};
    SHOW(nrand48(state));
    SHOW(jrand48(state));
    show("erand48", "%.6f", erand48(state));
    srand48(7);
    SHOW(lrand48());
    SHOW(RAND_MAX);
}

static const char *matches(const char *pattern, const char *text, int flags)
{
    static char result[64];
    regex_t regex;
    regmatch_t found[3];
    int r = regcomp(&regex, pattern, flags);
    if (r != 0)
        return "not a pattern";
    r = regexec(&regex, text, 3, found, 0);
    regfree(&regex);
    if (r != 0)
        return "none";
    snprintf(result, sizeof(result), "%d-%d, %d-%d, %d-%d", (int)found[0].rm_so, (int)found[0].rm_eo,
             (int)found[1].rm_so, (int)found[1].rm_eo, (int)found[2].rm_so, (int)found[2].rm_eo);
    return result;
}

static void show_patterns(void)
{
    SHOW_TEXT(matches("a*(b)", "xaab", REG_EXTENDED));
    SHOW_TEXT(matches("^(a|ab)(c|bcd)$", "abcd", REG_EXTENDED));
    SHOW_TEXT(matches("[[:digit:]]+", "x123", REG_EXTENDED));
    SHOW_TEXT(matches("\\(a\\)\\1", "baa", 0));
    SHOW_TEXT(matches("a{2,3}", "aaaa", REG_EXTENDED));
    SHOW_TEXT(matches("ABC", "xabc", REG_ICASE));
    SHOW_TEXT(matches("x", "abc", 0));
    SHOW_TEXT(matches("(", "abc", REG_EXTENDED));
    SHOW_TEXT(matches("^b", "a\nb", REG_NEWLINE));
}

void show_strings(void)
{
    show_searches();
    show_sorting();
    show_patterns();
}

static void show_classes(void)
{
    static const struct {
        const char *name;
        int (*test)(int);
    } classes[] = {
        {"isalnum", isalnum}, {"isalpha", isalpha},   {"isblank", isblank}, {"iscntrl", iscntrl}, {"isdigit", isdigit},
        {"isgraph", isgraph}, {"islower", islower},   {"isprint", isprint}, {"ispunct", ispunct}, {"isspace", isspace},
        {"isupper", isupper}, {"isxdigit", isxdigit}, {"toupper", toupper}, {"tolower", tolower},
    };
    for (size_t i = 0; i < COUNT_OF(classes); i++) {
        unsigned sum = 0;
        int is_case = i >= COUNT_OF(classes) - 2;
        for (int c = EOF; c < 256; c++)
            sum = sum * 31 + (unsigned)(is_case ? classes[i].test(c) : classes[i].test(c) != 0);
        show(classes[i].name, "%u", sum);
    }
}

static void show_wide(void)
{
    wchar_t wide[8] = L"";
    char text[16] = "";
    mbstate_t state = {0};
    const char *from = "abc";
    SHOW(mbstowcs(wide, "abc", 8));
    SHOW(wide[1] == L'b');
    SHOW(wcstombs(text, L"xyz", 16));
    SHOW_TEXT(text);
    SHOW(mbtowc(wide, "\xc3\xa4", 2));
    SHOW(mbrlen("", 1, &state));
    SHOW(mbsrtowcs(wide, &from, 2, &state));
    SHOW(wctomb(text, L'a'));
    SHOW(btowc('a'));
    SHOW(wctob(L'a'));
    SHOW(wctob(0x4e00));
    SHOW(MB_CUR_MAX);
    SHOW(wcslen(L"four"));
    SHOW(sign_of(wcscmp(L"a", L"b")));
    SHOW(wcschr(L"abc", L'c') != NULL);
    SHOW(iswalpha(L'a') != 0);
    SHOW(towupper(L'a') == L'A');
    SHOW(iswctype(L'5', wctype("digit")) != 0);
    SHOW(wctype("none") == 0);
    SHOW(swprintf(wide, 8, L"%d %ls", 5, L"x"));
    SHOW(swprintf(wide, 3, L"%d", 12345));
}

void show_ctype(void)
{
    show_classes();
    SHOW_TEXT(setlocale(LC_ALL, NULL));
    show_wide();
    SHOW_TEXT(setlocale(LC_ALL, "C"));
    SHOW_TEXT(setlocale(LC_ALL, "POSIX"));
    SHOW(setlocale(LC_ALL, "xx_none") == NULL);
    SHOW(setlocale(77, "C") == NULL);
    SHOW_TEXT(localeconv()->decimal_point);
    SHOW_TEXT(localeconv()->thousands_sep);
    SHOW_TEXT(nl_langinfo(RADIXCHAR));
    SHOW_TEXT(nl_langinfo(DAY_1));
    SHOW_TEXT(nl_langinfo(ABMON_12));
    SHOW_TEXT(nl_langinfo(D_T_FMT));
}
