/* A library that calls another one: nested calls, other callers' handles, few threads.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef RELAY_H
#define RELAY_H

#include <stddef.h>
#include <stdint.h>

typedef int relay_visit(int value);

uint64_t relay_sum(const void *data, size_t size);    /* conform_sum() of the same data */
int relay_each(relay_visit *visit, int n);            /* conform_each() with a function that calls visit(value) */
int relay_use(uint64_t handle);                       /* status of conform_counter_add(handle, 1) */
uintptr_t relay_where(const void *data, size_t size); /* the address that this library saw */
int relay_sleep(int n, unsigned ms);                  /* n, after a blocking sleep */
int relay_never(void); /* in the interface, but no caller uses it, so it is not granted */

#endif
