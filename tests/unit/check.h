/* The whole test framework of the hosted tests: each test is a function, each failure names its line.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Prints `ok NAME` or `FAIL NAME` per test. CHECK() ends the running test when it fails. */
#ifndef BH_TESTS_CHECK_H
#define BH_TESTS_CHECK_H

#include <setjmp.h>
#include <stdio.h>

static jmp_buf check_escape;
static int check_failures;

#define CHECK(condition)                                                   \
    do {                                                                   \
        if (!(condition)) {                                                \
            printf("%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
            longjmp(check_escape, 1);                                      \
        }                                                                  \
    } while (0)

#define RUN(test)                        \
    do {                                 \
        if (setjmp(check_escape) == 0) { \
            test();                      \
            printf("ok %s\n", #test);    \
        } else {                         \
            printf("FAIL %s\n", #test);  \
            check_failures++;            \
        }                                \
        fflush(stdout);                  \
    } while (0)

#define CHECK_RESULT() (check_failures ? 1 : 0)

#endif
