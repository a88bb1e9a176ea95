/* An application over two libraries, each of which may have any mechanism: calls to both, and a call to one from a
 * callback of the other. Prints "done" if all was as expected.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include <bh/bulkhead.h>

#include "greeter.h"
#include "zlib.h"

enum { SIZE = 20000, ROUNDS = 5 };

static unsigned char plain[SIZE], packed[SIZE + 1000], back[SIZE];
static int failures;

static void check(const char *what, int good)
{
    if (!good) {
        printf("FAIL %s\n", what);
        failures++;
    }
}

/* Compresses the first `size` bytes and looks whether they come back. */
static int round_trip(uLong size)
{
    uLongf packed_size = sizeof(packed), back_size = sizeof(back);
    memset(back, 0, sizeof(back));
    return compress2(packed, &packed_size, plain, size, 6) == Z_OK && packed_size < size &&
           uncompress(back, &back_size, packed, packed_size) == Z_OK && back_size == size &&
           memcmp(back, plain, size) == 0;
}

/* Called by the one library, calls the other. */
static int listen(int round)
{
    return round_trip((uLong)(SIZE / ROUNDS * round)) ? round : -1000;
}

int main(void)
{
    char text[64] = "";
    int number = 41;

    for (unsigned i = 0; i < SIZE; i++)
        plain[i] = (unsigned char)(i % 251 * (i / 1000));
    check("greeter_write", greeter_write(text, sizeof(text)) > 0 && !strcmp(text, "Greetings from the library!"));
    check("greeter_count", greeter_count(&number) == 42 && number == 42);
    check("zlib", round_trip(SIZE));
    check("zlib from a callback of greeter", greeter_ask(listen, ROUNDS) == ROUNDS * (ROUNDS + 1) / 2);
    check("zlib's error", uncompress(back, &(uLongf){sizeof(back)}, (const Bytef *)"no zlib data", 12) == Z_DATA_ERROR);
    puts(failures ? "failed" : "done");
    return failures;
}
