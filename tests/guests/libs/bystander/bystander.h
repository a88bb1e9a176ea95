/* A library that has nothing to do with an attack and must not notice it.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BYSTANDER_H
#define BYSTANDER_H

#include <stdint.h>

uint64_t bystander_count(void);    /* counts its calls */
uint64_t bystander_checksum(void); /* of its memory, except for the count: always the same */

#endif
