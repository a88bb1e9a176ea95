/* A library that attacks protection keys and their gates.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef KEYRING_H
#define KEYRING_H

#include <stdint.h>

/* key_attack() of this library. */
uint64_t keyring_attack(const char *action, uint64_t number);
/* How many of the registers that a gate has to clear hold something; then fills some. */
uint64_t keyring_registers(uint64_t number);

/* Compiled into both sides (attacks.c): does what `action` says. 0: it had no effect, as it should;
 * a number: which part of it had one; UINT64_MAX: no such attack. Most never return. */
uint64_t key_attack(const char *action, uint64_t number);

#endif
