/* A library that crashes, as asked.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef WRECK_H
#define WRECK_H

#include <stddef.h>
#include <stdint.h>

int wreck(const char *how, uint64_t address); /* -1: does not know how */
int wreck_take(const void *bytes, size_t n);
typedef int wreck_listener(uint64_t address);
int wreck_back(wreck_listener *listener, uint64_t address); /* calls it */

#endif
