/* A valid manifest for tests to damage: app (default) calls lib; one share; one edge.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_TESTS_SAMPLE_H
#define BH_TESTS_SAMPLE_H

#include <stddef.h>

#define SAMPLE_MAX 16384

/* Writes it into SAMPLE_MAX bytes at `blob` (8-byte aligned), with room to add properties. */
void sample_write(void *blob);

/* Takes the room away again; returns the size in bytes. */
size_t sample_pack(void *blob);

#endif
