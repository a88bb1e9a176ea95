/* Removes from untrusted text the bytes that must not reach a terminal.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_BASE_TEXT_H
#define BH_VMM_BASE_TEXT_H

#include <stdbool.h>

/* Whether a byte is a control character (ECMA-48): C0 except the tab, DEL, or C1. The bytes 0x80 to 0x9f are C1 if they
 * stand alone or, in UTF-8, behind 0xc2; behind any other byte of UTF-8 they are part of a letter. `before` is the byte
 * to the left, 0 at the start. */
static inline bool text_is_control(unsigned char before, unsigned char byte)
{
    bool c1 = byte >= 0x80 && byte < 0xa0 && (before < 0x80 || before == 0xc2);
    return (byte < 0x20 && byte != '\t') || byte == 0x7f || c1;
}

/* Replaces the control characters of a string. */
static inline void text_clean(char *text, char by)
{
    for (unsigned char before = 0; *text; before = (unsigned char)*text++)
        if (*text == '\t' || text_is_control(before, (unsigned char)*text))
            *text = by;
}

#endif
