/* hello on a strict edge with one mark forgotten: `note` is private, so its call has to be refused.
 * Verdict: report that names text, greeter_write, app, lib and the line marked below; exit status
 * 4. "hello_strict: wrong" is never printed.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include <bh/bulkhead.h>

#include "greeter.h"

static bh_shared char card[64];

int main(void)
{
    bh_shared_stack(int, number);
    char note[64];

    *number = 41;
    if (greeter_write(card, sizeof(card)) != 27 || greeter_count(number) != 42)
        return puts("hello_strict: wrong: shared data did not cross"), 1;
    puts("hello_strict: marked data crossed");
    fflush(stdout);
    greeter_write(note, sizeof(note)); /* refused here */
    puts("hello_strict: wrong: private data crossed");
    return 1;
}
