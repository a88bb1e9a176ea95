/* The gate table of the hosted test: like a compartment's, but writable for the test, which the stubs do not know.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>

extern uint64_t gates_storage[512];
uint64_t gates_storage[512] __asm__("bh_gates") __attribute__((visibility("hidden"), aligned(4096)));
