/* A library that does what it must not.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "probe.h"

#include "where.h"

uint64_t probe_where(const char *name)
{
    return where(name);
}

uint64_t probe_attack(const char *action, uint64_t address)
{
    return attack(action, address);
}
