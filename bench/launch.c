/* Notes the time in BULKHEAD_START_NS, the zero of the marks of a start, and in the file that BENCH_LAUNCH_STAMP names
 * if it is set; then becomes a program.
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
    const char *stamp = getenv("BENCH_LAUNCH_STAMP");
    FILE *f = stamp ? fopen(stamp, "w") : NULL;
    if (stamp && (!f || fputs(text, f) < 0 || fclose(f))) {
        perror(stamp);
        return 1;
    }
    setenv("BULKHEAD_START_NS", text, 1);
    execv(argv[1], argv + 1);
    perror(argv[1]);
    return 1;
}
