/* Tests of the POSIX layer, in a guest: all of them, or (arguments `wait`, `compute`) SIGTERM.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "check.h"

int failures;

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "wait") == 0)
        return wait_for_signal();
    if (argc > 1 && strcmp(argv[1], "compute") == 0)
        return compute_until_signal();
    test_files();
    test_directories();
    test_links();
    test_attr_cache();
    test_descriptors();
    test_readiness();
    test_epoll();
    test_threads();
    test_locks();
    test_signals();
    test_process();
    printf("%d failures\n", failures);
    return failures != 0;
}
