/* Floating-point numbers of scanf(), exactly rounded: a copy of picolibc's vfscanf.c includes this file in place of
 * its own of the same name.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "libc_numbers.h"

static unsigned char conv_flt(FILE *stream, scanf_context_t *context, width_t width, void *addr, uint16_t flags)
{
    struct bh_number number = {0};
    do {
        INT c = scanf_getc(stream, context);
        if (IS_EOF(c))
            break;
        if (!bh_number_take(&number, (int)c)) {
            scanf_ungetc(c, stream, context);
            break;
        }
    } while (--width);
    /* As in glibc, what looks like an exponent and has no digits is skipped; a part of a word is no number. */
    if (!number.good || (number.infinity_or_nan && number.good != number.taken))
        return 0;
    if (!addr)
        return 1;
    if (flags & FL_LONGLONG)
        *(long double *)addr = bh_number_long_double(&number);
    else if (flags & FL_LONG)
        *(double *)addr = bh_number_double(&number);
    else
        *(float *)addr = bh_number_float(&number);
    return 1;
}
