/* Jumps within its own frames, and then out of a callback, which is allowed only where no isolation stands between.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdio.h>

#include "greeter.h"

static jmp_buf here;

static int jump_back(int value)
{
    if (value == 2)
        longjmp(here, 7);
    return 1;
}

static int jump_within(int value)
{
    jmp_buf inner;
    if (setjmp(inner) == 0)
        longjmp(inner, 0);
    return value >= 0;
}

int main(void)
{
    volatile int jumped = setjmp(here);
    if (!jumped) {
        printf("%d within callbacks\n", greeter_ask(jump_within, 3));
        fflush(stdout);
        greeter_ask(jump_back, 3);
    }
    printf("jumped %d\n", jumped);
    return 0;
}
