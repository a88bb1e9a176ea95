/* Each check prints `ok WHAT` or `FAIL file:line: WHAT`.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef POSIX_CHECK_H
#define POSIX_CHECK_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

extern int failures;

#define CHECK(what, condition)                                                      \
    do {                                                                            \
        if (condition) {                                                            \
            printf("ok %s\n", what);                                                \
        } else {                                                                    \
            printf("FAIL %s:%d: %s (errno %d)\n", __FILE__, __LINE__, what, errno); \
            failures++;                                                             \
        }                                                                           \
    } while (0)
#define FAILS(what, error, call) CHECK(what, (errno = 0, (call) == -1 && errno == (error)))

void test_files(void);
void test_directories(void);
void test_links(void);
void test_attr_cache(void);
void test_descriptors(void);
void test_readiness(void);
void test_epoll(void);
void test_threads(void);
void test_locks(void);
void test_signals(void);
void test_process(void);
int wait_for_signal(void);
int compute_until_signal(void);

#endif
