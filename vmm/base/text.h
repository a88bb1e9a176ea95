/* Which bytes of text that nobody vouches for must not reach a terminal.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_BASE_TEXT_H
#define BH_VMM_BASE_TEXT_H

#include <stdbool.h>

/* Control characters (ECMA-48): C0 but for the tab, DEL, and C1 (0x80 to 0x9f) by itself or as UTF-8 writes it, after
 * 0xc2; after any other byte of UTF-8 it is a part of a letter. `before`: the byte to the left, 0 at the start. */
static inline bool text_is_control(unsigned char before, unsigned char byte)
{
    bool c1 = byte >= 0x80 && byte < 0xa0 && (before < 0x80 || before == 0xc2);
    return (byte < 0x20 && byte != '\t') || byte == 0x7f || c1;
}

/* Replaces them in a string. */
static inline void text_clean(char *text, char by)
{
    for (unsigned char before = 0; *text; before = (unsigned char)*text++)
        if (*text == '\t' || text_is_control(before, (unsigned char)*text))
            *text = by;
}

#endif
