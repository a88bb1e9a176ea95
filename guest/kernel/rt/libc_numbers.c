/* Recognizes floating-point numbers in texts, a byte at a time.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "libc_numbers.h"

#include <limits.h>

#include "big_integer.h"

enum { START, SIGN, ZERO, PREFIX, DIGITS, POINT, EXPONENT, EXPONENT_SIGN, EXPONENT_DIGITS, WORD, PARENTHESIS, END };

static const char infinity[] = "infinity", nan_word[] = "nan";

static int digit_of(int c, bool hex)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    int letter = c | 32;
    return hex && letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

static void keep_hex_digit(struct bh_number *n, int digit)
{
    if (n->n_first == 0 && digit == 0) {
        n->exponent -= n->point ? 4 : 0;
    } else if (n->n_first < 31) {
        n->first = n->first << 4 | (unsigned)digit;
        n->n_first++;
        n->exponent -= n->point ? 4 : 0;
    } else {
        n->dropped |= digit != 0;
        n->exponent += n->point ? 0 : 4;
    }
}

static void keep_digit(struct bh_number *n, int digit)
{
    bool leading = !n->limbs && !n->in_limb && digit == 0;
    if (n->limbs == BH_NUMBER_LIMBS) {
        n->dropped |= digit != 0;
        n->exponent += n->point ? 0 : 1;
        return;
    }
    n->exponent -= n->point ? 1 : 0;
    if (leading)
        return;
    if (n->n_first < 19) {
        n->first = n->first * 10 + (unsigned)digit;
        n->n_first++;
    }
    n->limb[n->limbs] = n->limb[n->limbs] * 10 + (unsigned)digit;
    if (++n->in_limb == BH_LIMB_DIGITS) {
        n->in_limb = 0;
        n->limbs++;
    }
}

static int take_digit(struct bh_number *n, int c, int next)
{
    int digit = digit_of(c, n->hex);
    if (digit < 0)
        return -1;
    if (n->hex)
        keep_hex_digit(n, digit);
    else
        keep_digit(n, digit);
    return next;
}

static int take_word(struct bh_number *n, int c)
{
    const char *word = n->infinity_or_nan < 0 ? nan_word : infinity;
    int at = n->infinity_or_nan < 0 ? -n->infinity_or_nan : n->infinity_or_nan;
    if (n->infinity_or_nan == -3)
        return c == '(' ? PARENTHESIS : -1;
    if (!word[at] || (c | 32) != word[at])
        return -1;
    n->infinity_or_nan += n->infinity_or_nan < 0 ? -1 : 1;
    return WORD;
}

static int begin_number(struct bh_number *n, int c)
{
    if (c == '.') {
        n->point = true;
        return POINT;
    }
    if ((c | 32) == 'i' || (c | 32) == 'n') {
        n->infinity_or_nan = (c | 32) == 'i' ? 1 : -1;
        return WORD;
    }
    return take_digit(n, c, c == '0' ? ZERO : DIGITS);
}

static int take_exponent_digit(struct bh_number *n, int c)
{
    if (c < '0' || c > '9')
        return -1;
    if (n->given < INT_MAX / 10)
        n->given = n->given * 10 + (c - '0');
    return EXPONENT_DIGITS;
}

static int take_of_digits(struct bh_number *n, int c)
{
    if (c == '.' && !n->point) {
        n->point = true;
        return DIGITS;
    }
    if ((c | 32) == (n->hex ? 'p' : 'e'))
        return EXPONENT;
    return take_digit(n, c, DIGITS);
}

/* The next state; -1: `c` does not belong to the number. */
static int next_state(struct bh_number *n, int c)
{
    switch (n->state) {
    case START:
        n->negative = c == '-';
        return c == '-' || c == '+' ? SIGN : begin_number(n, c);
    case SIGN:
        return begin_number(n, c);
    case ZERO:
        n->hex = (c | 32) == 'x';
        return n->hex ? PREFIX : take_of_digits(n, c);
    case PREFIX:
        n->point = c == '.';
        return n->point ? POINT : take_digit(n, c, DIGITS);
    case DIGITS:
        return take_of_digits(n, c);
    case POINT:
        return take_digit(n, c, DIGITS);
    case EXPONENT:
        n->exponent_negative = c == '-';
        return c == '-' || c == '+' ? EXPONENT_SIGN : take_exponent_digit(n, c);
    case EXPONENT_SIGN:
    case EXPONENT_DIGITS:
        return take_exponent_digit(n, c);
    case WORD:
        return take_word(n, c);
    case PARENTHESIS:
        return c == ')'                                                                      ? END
               : c == '_' || digit_of(c, false) >= 0 || ((c | 32) >= 'a' && (c | 32) <= 'z') ? PARENTHESIS
                                                                                             : -1;
    default:
        return -1;
    }
}

static bool is_number(const struct bh_number *n)
{
    switch (n->state) {
    case ZERO:
    case DIGITS:
    case EXPONENT_DIGITS:
    case END:
        return true;
    case WORD:
        return n->infinity_or_nan == 3 || n->infinity_or_nan == 8 || n->infinity_or_nan == -3;
    default:
        return false;
    }
}

bool bh_number_take(struct bh_number *n, int c)
{
    int next = next_state(n, c);
    if (next < 0)
        return false;
    n->state = (uint8_t)next;
    n->taken++;
    if (is_number(n))
        n->good = n->taken;
    return true;
}
