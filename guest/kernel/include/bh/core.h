/* A compartment's way to its VM's core: the gate table, and through it the core calls of rpc/core_calls.h.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_CORE_H
#define BH_CORE_H

#include "rpc/boot.h"
#include "rpc/core_calls.h"
#include "rpc/image.h"
#include "rpc/map.h"

/* This compartment's gate table; the linker script places the symbol at the start of the window. */
extern const struct bh_gate_table bh_gates __attribute__((visibility("hidden")));

/* The core calls. Each says itself whether it blocks, and which errors it returns. */
static inline const struct bh_core_calls *bh_core(void)
{
    return (const struct bh_core_calls *)(const void *)bh_gates.core;
}

/* What the VMM told this VM at its start; valid for ever, read-only. */
static inline const struct bh_bootinfo *bh_boot(void)
{
    return (const struct bh_bootinfo *)BH_BOOTINFO_VA;
}

#endif
