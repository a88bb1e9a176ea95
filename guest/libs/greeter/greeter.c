/* The library of the hello example.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "greeter.h"

#include <stdio.h>

int greeter_write(char *text, size_t size)
{
    int length = snprintf(text, size, "Greetings from the library!");

    return length < (int)size ? length : (int)size - 1;
}

int greeter_count(int *number)
{
    return ++*number;
}

int greeter_ask(greeter_listener *listener, int rounds)
{
    int sum = 0;

    for (int round = 1; round <= rounds; round++)
        sum += listener(round);
    return sum;
}

int greeter_peek(const int *address)
{
    return *address;
}
