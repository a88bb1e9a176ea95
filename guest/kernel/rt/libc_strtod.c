/* strtod() and its relatives, exactly rounded: take the place of picolibc's, which look at 17 digits, or round at
 * every step.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <stdlib.h>

#include "libc_numbers.h"

static struct bh_number scan_number(const char *text, char **end)
{
    struct bh_number number = {0};
    const char *at = text;
    while (isspace((unsigned char)*at))
        at++;
    for (const char *c = at; bh_number_take(&number, (unsigned char)*c);)
        c++;
    if (end)
        *end = (char *)(number.good ? at + number.good : text);
    if (!number.good)
        number = (struct bh_number){0};
    return number;
}

double strtod(const char *restrict text, char **restrict end)
{
    struct bh_number number = scan_number(text, end);
    return bh_number_double(&number);
}

float strtof(const char *restrict text, char **restrict end)
{
    struct bh_number number = scan_number(text, end);
    return bh_number_float(&number);
}

long double strtold(const char *restrict text, char **restrict end)
{
    struct bh_number number = scan_number(text, end);
    return bh_number_long_double(&number);
}
