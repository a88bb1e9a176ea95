/* hello: an application, and a library that lives in a virtual machine of its own.
 *
 * The calls below look like, and are, plain C calls. compartments.toml decides what stands between
 * the two sides; try `scripts/run hello --set compartments.lib.mechanism=none`.
 *
 * Data that is marked (bh_shared, bh_shared_stack) lies in memory that both sides map: the library
 * writes it in place. Unmarked data would work as well, by copying (tests/guests/apps/hello_plain).
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include <bh/bulkhead.h>

#include "greeter.h"

typedef char note_text[64];

static bh_shared char card[64]; /* shared: the library may write it */
static int secret = 1234;       /* private */
static int rounds_heard;

/* The library calls this; it runs here, with the application's own memory. */
static int listen_round(int round)
{
    rounds_heard = round;
    return round * secret;
}

static int check_result(const char *what, int as_expected)
{
    if (!as_expected)
        printf("hello: wrong: %s\n", what);
    return as_expected;
}

int main(void)
{
    bh_shared_stack(int, number);
    bh_shared_stack(note_text, note);
    int sum, good;

    printf("Hello from the application. The library shall now\n");

    greeter_write(card, sizeof(card));
    printf("- write to a shared static buffer: \"%s\"\n", card);

    greeter_write(*note, sizeof(*note));
    printf("- write to a shared buffer on the stack: \"%s\"\n", *note);

    *number = 41;
    greeter_count(number);
    printf("- add one to a shared integer on the stack: 41 + 1 = %d\n", *number);

    sum = greeter_ask(listen_round, 3);
    printf("- call back: %d calls, answers in all %d\n", rounds_heard, sum);

    printf("The secret is still %d. A library in a VM of its own cannot even read it.\n", secret);

    good = check_result("static buffer", strcmp(card, "Greetings from the library!") == 0);
    good &= check_result("stack buffer", strcmp(*note, card) == 0);
    good &= check_result("stack integer", *number == 42);
    good &= check_result("callback", rounds_heard == 3 && sum == 6 * secret);
    return good ? 0 : 1;
}
