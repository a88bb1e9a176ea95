/* The library of the hello example: it writes where it is told to, and calls back. It knows nothing
 * of compartments.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef GREETER_H
#define GREETER_H

#include <stddef.h>

/* Called by greeter_ask(); its value is added to the sum. */
typedef int greeter_listener(int round);

/* Writes a greeting of at most `size` bytes with its NUL. Returns its length. */
int greeter_write(char *text, size_t size);

/* Adds one to *number, and returns the new value. */
int greeter_count(int *number);

/* Calls listener(1), listener(2) ... listener(rounds), and returns the sum of what it answered. */
int greeter_ask(greeter_listener *listener, int rounds);

/* Returns *address: a library that looks where it should not, for tests/guests/apps/hello_peek. */
int greeter_peek(const int *address);

#endif
