/* Fills and prints a `struct problem`.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/base/problem.h"

#include <stdarg.h>
#include <stdio.h>

#include "vmm/base/text.h"

_Bool problem_set(struct problem *p, int status, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    p->status = status;
    vsnprintf(p->text, sizeof(p->text), format, list);
    va_end(list);
    /* Names from a damaged manifest may hold anything; the promise is one line. */
    text_clean(p->text, ' ');
    return 0;
}

int problem_print(const struct problem *p)
{
    if (p->text[0])
        fprintf(stderr, "bulkhead: error: %s\n", p->text);
    return p->status;
}
