/* A library that has nothing to do with an attack.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "bystander.h"

#include <bh/bulkhead.h>

static uint64_t calls, memory[0x4000];
static bh_shared uint64_t shared[0x1000];

uint64_t bystander_count(void)
{
    return ++calls;
}

uint64_t bystander_checksum(void)
{
    uint64_t sum = 1;
    for (unsigned i = 0; i < sizeof(memory) / sizeof(*memory); i++)
        sum = sum * 31 + memory[i];
    for (unsigned i = 0; i < sizeof(shared) / sizeof(*shared); i++)
        sum = sum * 31 + shared[i];
    return sum;
}
