/* hello with nothing marked as shared: everything crosses by copying, and works.
 * Verdict: exit status 0 and "hello_plain: ok".
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "greeter.h"

static char card[64];
static int factor = 1234;

static int listen(int round)
{
    return round * factor;
}

int main(void)
{
    int number = 41;
    char note[64];

    memset(card, 'x', sizeof(card));
    memset(note, 'x', sizeof(note));
    if (greeter_write(card, sizeof(card)) != 27 || strcmp(card, "Greetings from the library!") != 0)
        return puts("hello_plain: wrong: static buffer"), 1;
    if (greeter_write(note, 10) != 9 || strcmp(note, "Greetings") != 0 || note[10] != 'x')
        return puts("hello_plain: wrong: stack buffer"), 1;
    if (greeter_count(&number) != 42 || number != 42)
        return puts("hello_plain: wrong: stack integer"), 1;
    if (greeter_ask(listen, 3) != 6 * factor)
        return puts("hello_plain: wrong: callback"), 1;
    puts("hello_plain: ok");
    return 0;
}
