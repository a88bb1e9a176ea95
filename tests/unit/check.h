/* The whole test framework of the hosted tests: each case is a function, each failure names its line.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Prints results in the Test Anything Protocol, which Meson and tests/harness read. CHECK() ends the running case when
 * it fails. The harness finds the cases in the source: each is one line `RUN(name);` of main(). */
#ifndef BH_TESTS_CHECK_H
#define BH_TESTS_CHECK_H

#include <setjmp.h>
#include <stdio.h>

static jmp_buf check_escape;
static int check_cases, check_failures;

#define CHECK(condition)                                                     \
    do {                                                                     \
        if (!(condition)) {                                                  \
            printf("# %s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
            longjmp(check_escape, 1);                                        \
        }                                                                    \
    } while (0)

#define RUN(test)                                           \
    do {                                                    \
        check_cases++;                                      \
        if (setjmp(check_escape) == 0) {                    \
            test();                                         \
            printf("ok %d - %s\n", check_cases, #test);     \
        } else {                                            \
            printf("not ok %d - %s\n", check_cases, #test); \
            check_failures++;                               \
        }                                                   \
        fflush(stdout);                                     \
    } while (0)

/* Both are the value of main(): at the end of all cases, and instead of them if this computer lacks something. */
#define CHECK_RESULT()     (printf("1..%d\n", check_cases), check_failures ? 1 : 0)
#define CHECK_SKIP(reason) (printf("1..0 # SKIP %s\n", (reason)), 0)

#endif
