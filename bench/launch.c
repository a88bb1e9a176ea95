/* Notes the time in BULKHEAD_START_NS, the zero of the marks of a start, and becomes a program.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char text[32];
    struct timespec t;
    if (argc < 2) {
        fputs("usage: launch PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    clock_gettime(CLOCK_MONOTONIC, &t);
    snprintf(text, sizeof(text), "%lld", (long long)t.tv_sec * 1000000000ll + t.tv_nsec);
    setenv("BULKHEAD_START_NS", text, 1);
    execv(argv[1], argv + 1);
    perror(argv[1]);
    return 1;
}
