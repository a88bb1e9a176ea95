/* The runtime that every compartment's image contains: between picolibc and the core.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_RUNTIME_H
#define BH_RUNTIME_H

#include <bh/bulkhead.h>
#include <bh/core.h>

/* Image header (image.S): called by the core. */
void bh_runtime_init(void);
int bh_runtime_main(void);

/* This compartment's entry of the boot information. */
const struct bh_boot_compartment *bh_self(void);

#endif
