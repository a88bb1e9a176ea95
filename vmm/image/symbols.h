/* From an address in an ELF image to section, symbol and source line; only used once something has
 * crashed.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Opens and closes the file at each call, so that a start pays nothing. The file is trusted. */
#ifndef BH_VMM_IMAGE_SYMBOLS_H
#define BH_VMM_IMAGE_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct location {
    char section[64]; /* empty: in no section */
    char symbol[128]; /* empty: none at or before the address in its section */
    uint64_t offset;  /* from the symbol, bytes */
    char file[256];   /* of the instruction, or of the variable's declaration; relative to the source
                       root; empty: unknown */
    int line;
};

/* False: the image cannot be opened, or the address is in none of its sections. */
bool symbols_find(const char *image, uint64_t va, struct location *at);

/* "section .data, symbol secret+0x10 (guest/apps/hello/main.c:12)"; what is unknown is left out. */
void location_describe(const struct location *at, char *text, size_t size);

/* "peek+0x1f (guest/libs/hellolib/hello.c:40)"; false and empty text when there is no symbol. */
bool location_brief(const struct location *at, char *text, size_t size);

/* Makes a path relative to the source root (in place) if it lies there; "a/../" is resolved by
 * name. */
void source_path(char *path);

#endif
